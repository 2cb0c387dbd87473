"""A Kubernetes cluster on the loopback for some minutes: real control plane, hollow nodes that start no container.

Its programs are what `kubernetes/build.sh` has built, and etcd, kubectl and openssl from anywhere on the path.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent / "kubernetes"
NODES: Final = ("node-1", "node-2", "node-3")
ETCD: Final = "http://127.0.0.1:12379"
API: Final = "https://127.0.0.1:16443"
CADVISOR: Final = "http://127.0.0.1:20080/metrics"
_USERS: Final = 'admin-token,admin,1,"system:masters"\neve-token,eve,2,"staff"\nbob-token,bob,3,"staff"\n'


@dataclass(slots=True)
class Cluster:
    """Where its files lie, and the programs that run."""

    programs: Path
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def kubeconfig(self) -> Path:
        """How an administrator reaches it."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """What kube-apiserver writes of each call."""
        return self.folder / "audit.log"

    def start(self, name: str, *words: str) -> None:
        """A program of the cluster, its output in a file of its name."""
        found = shutil.which(name, path=str(self.programs)) or shutil.which(name) or name
        log = (self.folder / f"{name}-{len(self.running)}.log").open("wb")
        self.running.append(subprocess.Popen([found, *words], cwd=self.folder, stdout=log, stderr=log))

    def kubectl(self, *words: str, token: str | None = None, given: str | None = None) -> str:
        """What kubectl prints; as somebody else with a token, and then also when it is refused."""
        own = ["--kubeconfig", str(self.kubeconfig)]
        other = ["--kubeconfig", "/dev/null", "--server", API, "--insecure-skip-tls-verify", f"--token={token}"]
        command = ["kubectl", *(own if token is None else other), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=given)
        if done.returncode and token is None:
            raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr}")
        return done.stdout

    def objects(self, *kinds: str) -> list[dict[str, Any]]:
        """Objects of all namespaces."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", ",".join(kinds), "-A", "-o", "json"))["items"]
        return found


@contextmanager
def cluster(programs: Path, folder: Path) -> Iterator[Cluster]:
    """A cluster with three nodes that are ready; everything of it ends with the block."""
    made = Cluster(programs.resolve(), folder.resolve())
    made.folder.mkdir(parents=True)
    try:
        _files(made)
        _control_plane(made)
        for place, node in enumerate(NODES):
            made.start("kubelet", "-name", node, "-kubeconfig", "kubeconfig", "-port", str(20251 + place))
        made.start("cadvisor", "-listen", "127.0.0.1:20080")
        _until(lambda: made.kubectl("get", "nodes").count(" Ready") == len(NODES), 60)
        yield made
    finally:
        for process in reversed(made.running):
            process.terminate()
        for process in made.running:
            process.wait(20)


def _files(made: Cluster) -> None:
    shutil.copy(HERE / "kubeconfig.conf", made.kubeconfig)
    shutil.copy(HERE / "policy.conf", made.folder / "policy.yaml")
    (made.folder / "tokens.csv").write_text(_USERS, encoding="utf-8")
    for words in (["genrsa", "-out", "sa.key", "2048"], ["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"]):
        subprocess.run(["openssl", *words], cwd=made.folder, check=True, capture_output=True)


def _control_plane(made: Cluster) -> None:
    peers = "http://127.0.0.1:12380"
    made.start(
        "etcd",
        *("--data-dir", "etcd", "--listen-client-urls", ETCD, "--advertise-client-urls", ETCD),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}"),
    )
    made.start("kube-apiserver", *_api_flags())
    _until(lambda: made.kubectl("get", "--raw", "/readyz") == "ok", 90)
    who = ("--kubeconfig=kubeconfig", "--authentication-kubeconfig=kubeconfig", "--authorization-kubeconfig=kubeconfig")
    common = (*who, "--bind-address=127.0.0.1", "--leader-elect=false")
    made.start("kube-controller-manager", *common, "--controllers=*,-serviceaccount-token-controller,-nodeipam")
    made.start("kube-scheduler", *common)


def _api_flags() -> Sequence[str]:
    return (
        f"--etcd-servers={ETCD}",
        *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=16443", "--cert-dir=certs"),
        *("--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/24"),
        "--service-account-issuer=https://kubernetes.default.svc",
        *("--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key"),
        *("--token-auth-file=tokens.csv", "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount"),
        *("--audit-log-path=audit.log", "--audit-policy-file=policy.yaml"),
    )


def _until(holds: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if holds():
                return
        except RuntimeError:
            pass
        time.sleep(0.5)
    raise TimeoutError("the cluster does not come up; its logs lie in its folder")
