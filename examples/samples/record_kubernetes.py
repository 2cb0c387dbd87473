"""`python -m examples.samples.record_kubernetes`: three minutes of a small cluster, as five of its tools tell of them.

A web server runs in version 1.4; two people try what they may not; version 1.5 is rolled out beside it, burns a core
and answers slowly; one more deployment asks for more than any node has. What runs in the containers (`pod.py`) runs in
real control groups, which cAdvisor watches; nodes are hollow, and metrics of objects come from `state.py`. Needs root.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from examples.samples.cluster import CADVISOR, Cluster, cluster
from examples.samples.state import state_text
from examples.samples.tape import Tape, scrape_for

HERE: Final = Path(__file__).parent
GROUPS: Final = ("cpu", "cpuacct", "memory")
STATE: Final = ("127.0.0.1", 20081)
KEPT: Final = frozenset(
    {
        *("container_cpu_usage_seconds_total", "container_memory_working_set_bytes"),
        *("kube_pod_container_resource_limits", "kube_pod_container_resource_requests"),
        *("kube_pod_container_status_restarts_total", "kube_node_status_allocatable"),
        *("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    }
)
_DEPLOYMENT: Final = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: web
          image: {image}
          resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}, limits: {{cpu: {cpu}, memory: 128Mi}}}}
"""


@click.command()
@click.option("--programs", default="var/kubernetes/bin", type=click.Path(path_type=Path), show_default=True)
@click.option("--folder", default="var/kubernetes/run", type=click.Path(path_type=Path), show_default=True)
@click.option("--pod-python", default=sys.executable, help="A Python that has opentelemetry-sdk.")
def main(programs: Path, folder: Path, pod_python: str) -> None:
    """Record, and write four samples beside this file."""
    shutil.rmtree(folder, ignore_errors=True)
    tape = Tape(names=KEPT, dropped={"id", "uid"})
    with cluster(programs, folder) as running, _served(running):
        scraping = threading.Thread(target=lambda: asyncio.run(_scrape(tape)))
        scraping.start()
        _play(running, pod_python)
        scraping.join()
        _write(running, tape)


async def _scrape(tape: Tape) -> None:
    targets = [CADVISOR, f"http://{STATE[0]}:{STATE[1]}/metrics"]
    await scrape_for(tape, targets, every=5, seconds=95)


def _play(running: Cluster, python: str) -> None:
    running.kubectl("create", "namespace", "shop")
    workers = _roll_out(running, python, "web", 2, "1.4", 75)
    time.sleep(10)
    _trespass(running)
    time.sleep(30)
    workers += _roll_out(running, python, "web-canary", 1, "1.5", 25)
    _apply(running, name="reports", replicas=2, image="shop/reports:2.0", cpu="64")
    for worker, groups in workers:
        worker.wait()
        for group in groups:
            _remove(group)


def _apply(running: Cluster, **said: Any) -> None:
    running.kubectl("apply", "-f", "-", given=_DEPLOYMENT.format(**said))


def _roll_out(
    running: Cluster, python: str, name: str, replicas: int, version: str, seconds: float
) -> list[tuple[subprocess.Popen[bytes], list[Path]]]:
    """A deployment, and once its pods run, what runs in them."""
    _apply(running, name=name, replicas=replicas, image=f"shop/web:{version}", cpu="250m")
    running.kubectl("-n", "shop", "rollout", "status", f"deployment/{name}", "--timeout=60s")
    pods = [p for p in running.objects("pods") if p["metadata"]["labels"]["app"] == name]
    return [_work(running, python, p["metadata"]["name"], p["spec"]["nodeName"], version, seconds) for p in pods]


def _work(
    running: Cluster, python: str, pod: str, node: str, version: str, seconds: float
) -> tuple[subprocess.Popen[bytes], list[Path]]:
    groups = [Path("/sys/fs/cgroup", kind, "slac/shop", pod, "web") for kind in GROUPS]
    for group in groups:
        group.mkdir(parents=True)
    out = running.folder / f"{pod}.spans"
    words = ["--pod", pod, "--node", node, "--version", version, "--out", str(out), "--seconds", str(seconds)]
    worker = subprocess.Popen([python, "-m", "examples.samples.pod", *words])
    for group in groups:
        (group / "cgroup.procs").write_text(str(worker.pid), encoding="utf-8")
    return worker, groups


def _trespass(running: Cluster) -> None:
    """Two people try what they may not, and somebody without a name."""
    for _ in range(7):
        running.kubectl("-n", "shop", "get", "secrets", token="eve-token")  # noqa: S106 - of a sample
    running.kubectl("-n", "shop", "get", "pods", token="bob-token")  # noqa: S106 - of a sample
    running.kubectl("get", "nodes", token="forged")  # noqa: S106 - of a sample


def _remove(group: Path) -> None:
    for folder in (group, group.parent):
        folder.rmdir()


@contextmanager
def _served(running: Cluster) -> Iterator[None]:
    """Metrics of the cluster's objects over HTTP, as kube-state-metrics would serve them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = state_text(running)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is theirs
            pass

    server = http.server.ThreadingHTTPServer(STATE, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def _write(running: Cluster, tape: Tape) -> None:
    events = [_plain(event) for event in running.objects("events")]
    spans = [
        json.loads(line) for path in sorted(running.folder.glob("*.spans")) for line in path.open(encoding="utf-8")
    ]
    calls = [json.loads(line) for line in running.audit_log.open(encoding="utf-8")]
    _keep("kubernetes_events", sorted(events, key=lambda e: datetime.fromisoformat(e["lastTimestamp"])))
    _keep("spans", sorted(spans, key=lambda s: datetime.fromisoformat(s["end_time"])))
    _keep("kubernetes_audit", calls)
    (HERE / "containers.ndjson").write_bytes(b"".join(tape.lines))


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    event["metadata"].pop("managedFields", None)
    event["lastTimestamp"] = event.get("lastTimestamp") or event["eventTime"]
    return event


def _keep(name: str, records: list[dict[str, Any]]) -> None:
    lines = [json.dumps(r, separators=(",", ":")) + "\n" for r in records]
    (HERE / f"{name}.ndjson").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
