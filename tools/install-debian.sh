#!/usr/bin/env bash
# Installs the Debian packages that some tests use as real counterparts, where that is possible.
# Where it is not, it says which tests will be skipped, and succeeds: nothing but those tests needs them.
set -uo pipefail

# package | program that proves it is there | what is skipped without it
packages='prometheus-node-exporter|prometheus-node-exporter|the test of the prometheus input against a real exporter
iproute2|ip|the test of links over a network that is cut, slow and lossy
postgresql|pg_lsclusters|the test of tables in a real PostgreSQL server'

try_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || return 1
    export DEBIAN_FRONTEND=noninteractive
    local options=(-qq -y --no-install-recommends)
    apt-get install "${options[@]}" "$1" >/dev/null 2>&1 && return
    apt-get update -qq >/dev/null 2>&1 && apt-get install "${options[@]}" "$1" >/dev/null 2>&1
}

while IFS='|' read -r package program skipped; do
    command -v "$program" >/dev/null && continue
    echo "Installing the Debian package $package …"
    if ! try_install "$package"; then
        echo "$package could not be installed (it takes apt-get and root); skipped without it: $skipped."
    fi
done <<<"$packages"
