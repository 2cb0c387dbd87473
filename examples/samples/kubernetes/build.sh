#!/usr/bin/env bash
# Builds a Kubernetes control plane, a hollow kubelet and cAdvisor from their Go modules into a folder (about 20 minutes on two
# cores, 3 GB of modules): kubernetes/build.sh var/kubernetes/bin
set -euo pipefail
out=$(realpath -m "${1:?a folder for the programs}")
here=$(dirname "$(realpath "$0")")
version=1.31.4
# Modules of the Kubernetes repository that have versions of their own outside of it.
staging='api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap
    code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib
    dynamic-resource-allocation endpointslice kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl
    kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin sample-controller'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/kubelet" "$here/cadvisor" "$work"
cd "$work"
{
    echo "module samples"
    echo "go 1.22"
    echo "require k8s.io/kubernetes v$version"
    for module in $staging; do echo "replace k8s.io/$module => k8s.io/$module v0.${version#1.}"; done
} >go.mod
programs='k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager k8s.io/kubernetes/cmd/kube-scheduler'
mkdir -p "$out"
# shellcheck disable=SC2086
go build -mod=mod -o "$out/" $programs ./kubelet ./cadvisor
ls -l "$out"
