#!/usr/bin/env bash
# Makes the virtual environment $1 and installs slac into it with the versions of constraints.txt.
# PYTHON names the interpreter; without it the first of python3.11, python3, python3.12 … that is new enough is taken.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14}; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "slac needs Python 3.11 or newer, and none was found as '${PYTHON:-python3.11, python3, python3.12 …}'." >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.11 …" >&2
    return 1
}

explain_missing_venv() {
    echo "$1 cannot make virtual environments: its modules 'venv' or 'ensurepip' are missing." >&2
    echo "On Debian and Ubuntu they are a package of their own: apt-get install python3-venv" >&2
    return 1
}

# A virtual environment that was moved, or whose interpreter is gone, is made anew.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || explain_missing_venv "$python"
    echo "Making $venv with $("$python" --version) …"
    "$python" -m venv --clear "$venv"
fi

echo "Installing slac and its dependencies into $venv …"
if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; then
    echo "Installing failed; pip's message is above. Is the package index reachable from here?" >&2
    exit 1
fi
