"""Made-up events of the types that `sla_docs` read, the same in every run, at any rate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count, cycle
from typing import Any, Final

import numpy as np
import orjson

from slac.plan.nodes import SourceNode
from slac.stream.ports import Records

Event = dict[str, Any]
PODS: Final = 60
NODES: Final = 10
SERVICES: Final = 20
CALLS: Final = 10
"""Spans of a trace."""
_STEP = re.compile(r'"[^"]*"|[^.]+')


class Feed:
    """The events of one input, in its own wire form."""

    def __init__(self, node: SourceNode) -> None:
        self._events = cycle_of(node.event.rsplit(".", 1)[-1])
        self._mapping = [(target, [s.strip('"') for s in _STEP.findall(path)]) for target, path in node.mapping]

    def take(self, number: int, since: int, until: int) -> Records:
        """So many events as NDJSON, spread over [since, until) (wall clock, µs)."""
        lines = []
        for n in range(number):
            at = (since + (until - since) * n // number) // 1_000
            lines.append(orjson.dumps(self._wire(next(self._events), at)))
        return Records(source="feed", arrival=until, ndjson=b"\n".join(lines))

    def _wire(self, event: Event, at: int) -> Event:
        if not self._mapping:
            return {"timestamp": at, **event}
        flat = {"timestamp": at, **event["payload"], **event.get("context", {})}
        if "duration" in flat:
            flat["started"] = at - flat["duration"] // 1_000
        wire: Event = {}
        for target, path in self._mapping:
            place = wire
            for step in path[:-1]:
                place = place.setdefault(step, {})
            place[path[-1]] = _stamp(flat.get(target)) if target in ("timestamp", "started") else flat.get(target)
        return wire


def cycle_of(event: str) -> Iterator[Event]:
    """Events of a type of `sla_docs`, without their timestamps, endlessly."""
    return _MAKERS[event](np.random.default_rng(20_117))


def _stamp(at: Any) -> Any:
    return None if at is None else str(np.datetime64(at, "ms")) + "Z"


def _metric(name: str, value: float, instance: str, **labels: str) -> Event:
    return {"payload": {"name": name, "value": value}, "context": {"labels": labels, "instance": instance}}


def _metrics(draw: np.random.Generator) -> Iterator[Event]:
    share = draw.uniform(0.05, 0.9, PODS)
    for turn in count(1):
        for i in range(PODS):
            where = {"container": "main", "pod": f"pod-{i}", "namespace": f"team-{i % 12}"}
            node = f"10.0.0.{i % NODES}:10250"
            yield _metric("container_cpu_usage_seconds_total", turn * float(share[i]), node, **where, cpu="total")
            yield _metric("container_memory_working_set_bytes", 2e8 + 1e6 * (i % 65), node, **where)
            yield _metric("kube_pod_container_resource_limits", 0.58, "state", **where, resource="cpu")
            yield _metric("kube_pod_container_resource_limits", 2.6e8, "state", **where, resource="memory")
            yield _metric("kube_pod_container_resource_requests", 0.3, "state", **where, resource="cpu")
            yield _metric("kube_pod_container_status_restarts_total", turn // 9 * (i % 2), "state", **where)
            yield _metric("http_requests_total", 10.0 * turn, f"web-{i % 20}:80", handler=f"/{i % 7}", code="200")
            yield _metric("http_requests_total", turn * (i % 3), f"web-{i % 20}:80", handler=f"/{i % 7}", code="500")
        for i in range(NODES):
            at = f"10.0.0.{i}:9100"
            for cpu in range(4):
                yield _metric("node_cpu_seconds_total", 0.7 * turn, at, cpu=str(cpu), mode="idle")
                yield _metric("node_cpu_seconds_total", 0.2 * turn, at, cpu=str(cpu), mode="user")
            yield _metric("node_load1", 3.0, at)
            yield _metric("node_memory_MemAvailable_bytes", 2e9, at)
            yield _metric("node_memory_MemTotal_bytes", 8e9, at)
            yield _metric("node_disk_io_time_seconds_total", 0.1 * turn, at, device="sda")
            yield _metric("node_filesystem_size_bytes", 1e11, at, mountpoint="/")
            yield _metric("node_filesystem_avail_bytes", 5e10, at, mountpoint="/")
            yield _metric("node_network_receive_errs_total", 0.0, at, device="eth0")


def _logs(draw: np.random.Generator) -> Iterator[Event]:
    while True:
        service, number = int(draw.integers(SERVICES)), int(draw.integers(100_000))
        bad = draw.random() < (0.2 if service == 0 else 0.005)
        message = f"order {number} failed: timeout after {number % 900} ms" if bad else f"order {number} stored"
        yield {
            "payload": {"message": message, "level": "error" if bad else "info"},
            "context": {"service": f"service-{service}", "pod": f"pod-{number % PODS}", "namespace": "shop"},
        }


def _spans(draw: np.random.Generator) -> Iterator[Event]:
    for trace in count():
        for i in range(CALLS):
            slow = 100.0 if draw.random() < 0.002 else 1.0
            yield {
                "payload": {
                    "operation": f"call-{i}",
                    "duration": max(int(slow * draw.normal(5_000, 500)), 1),
                    "status": "ERROR" if draw.random() < 0.01 else "OK",
                },
                "context": {
                    "trace_id": f"{trace:032x}",
                    "span_id": f"{trace * CALLS + i:016x}",
                    "parent_id": None if i == 0 else f"{trace * CALLS:016x}",
                    "service": f"service-{i}",
                    "pod": f"pod-{i}",
                    "namespace": f"team-{i}",
                },
            }


def _calls(draw: np.random.Generator) -> Iterator[Event]:
    for n in count():
        code = 403 if draw.random() < 0.05 else 200
        yield {
            "payload": {"verb": "get", "code": code, "resource": "pods", "uri": f"/api/v1/pods/{n % 500}"},
            "context": {"user": f"user-{n % 40}", "source_ips": ["10.0.0.1"], "agent": "kubectl", "namespace": "shop"},
        }


def _kubernetes(draw: np.random.Generator) -> Iterator[Event]:
    for n in count():
        pulled = n % 3 == 0
        yield {
            "payload": {
                "reason": "Pulled" if pulled else "Started",
                "message": f'Successfully pulled image "shop/web:{n % 9}" in 2s' if pulled else "Started container",
            },
            "context": {"kind": "Pod", "object": f"pod-{n % PODS}", "namespace": f"team-{n % 12}", "node": "node-1"},
        }


def _runs(draw: np.random.Generator) -> Iterator[Event]:
    for n in count():
        ok = draw.random() > 0.02
        yield {
            "payload": {
                "outcome": "success" if ok else "failure",
                "duration_ms": 12.5,
                "exception": None if ok else "Timeout",
            },
            "context": {"module": f"module-{n % 3}", "test_case": f"case-{n % 6}"},
        }


def _actions(draw: np.random.Generator) -> Iterator[Event]:
    kinds = cycle(("login", "search", "search", "checkout", "logout", "other"))
    for n in count():
        action = next(kinds)
        yield {
            "payload": {
                "action": action,
                "user": f"user-{int(draw.integers(2_000))}",
                "session": f"s-{n % 5000}",
                "ok": bool(draw.random() > 0.01),
                "duration_ms": float(round(draw.exponential(20.0), 2)),
                "amount": 1_250 if action == "checkout" else None,
            },
            "context": {"service": "shop", "instance": "shop-1", "event_id": f"{n}"},
        }


def _loads(draw: np.random.Generator) -> Iterator[Event]:
    while True:
        yield {"payload": {"cpu_percent": float(draw.uniform(0, 100)), "memory_percent": 40.0}}


def _checks(draw: np.random.Generator) -> Iterator[Event]:
    for n in count():
        yield {
            "payload": {"ok": bool(draw.random() > 0.05)},
            "context": {"zone": f"zone-{n % 4}", "service": f"service-{n % SERVICES}"},
        }


_MAKERS: Final[dict[str, Callable[[np.random.Generator], Iterator[Event]]]] = {
    "Metric": _metrics,
    "Log": _logs,
    "Span": _spans,
    "ApiCall": _calls,
    "KubernetesEvent": _kubernetes,
    "TestRun": _runs,
    "MachineLoad": _loads,
    "Load": _loads,
    "UserAction": _actions,
    "Check": _checks,
}
