"""Kaiju's load: metrics of containers and nodes, lines of services, spans of traces, at the paper's rates.

Everything is drawn from one seed; only timestamps are those of the moment. A part of the containers is busier than it
may be, some lines are errors, and one span in a thousand is slow, so that every rule has something to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import numpy as np
import orjson

METRICS: Final = 2_000
LOGS: Final = 1_500
SPANS: Final = 2_500
"""Events a second (Kaiju, section 6)."""
CONTAINERS: Final = 450
"""Four samples of each a second, and one a node."""
NODES: Final = 20
SERVICES: Final = 30
CALLS: Final = 10
"""Spans of a trace."""

Event = dict[str, Any]


class Feed:
    """What comes in, a slice of a second at a time."""

    def __init__(self, slices: int) -> None:
        self._slices = slices
        self._draw = np.random.default_rng(20_114)
        self._traces = count()
        self._metric = self._metrics()

    def slice(self, now: int) -> dict[str, bytes]:
        """One slice of each input as NDJSON; `now` is µs of the wall clock."""
        at = now // 1_000
        made = {
            "metrics": [next(self._metric) for _ in range(METRICS // self._slices)],
            "logs": [self._line() for _ in range(LOGS // self._slices)],
            "spans": [s for _ in range(SPANS // self._slices // CALLS) for s in self._trace()],
        }
        return {name: b"\n".join(orjson.dumps({"timestamp": at, **e}) for e in events) for name, events in made.items()}

    def _metrics(self) -> Iterator[Event]:
        """Round and round, one second for all: counters that grow, levels that stay."""
        used = np.zeros(CONTAINERS)
        share = self._draw.uniform(0.05, 0.6, CONTAINERS)
        for _ in count():
            used += share
            for i in range(CONTAINERS):
                where = {"container": "main", "pod": f"pod-{i}", "namespace": f"team-{i % 12}"}
                node = f"10.0.0.{i % NODES}:10250"
                yield _metric("container_cpu_usage_seconds_total", float(used[i]), node, {**where, "cpu": "total"})
                yield _metric("container_memory_working_set_bytes", 2e8 + 1e6 * (i % 50), node, where)
                limit = {**where, "resource": "cpu"}
                yield _metric("kube_pod_container_resource_limits", 0.58, "state", limit)
                yield _metric("kube_pod_container_resource_limits", 2.6e8, "state", {**where, "resource": "memory"})
            for i in range(METRICS - 4 * CONTAINERS):
                labels = {"cpu": str(i // NODES), "mode": "idle"}
                yield _metric("node_cpu_seconds_total", float(used[0]), f"10.0.0.{i % NODES}:9100", labels)

    def _line(self) -> Event:
        service, number = int(self._draw.integers(SERVICES)), int(self._draw.integers(100_000))
        bad = self._draw.random() < (0.2 if service == 0 else 0.005)
        message = f"order {number} failed: timeout after {number % 900} ms" if bad else f"order {number} stored"
        level = "error" if bad else "info"
        return {
            "payload": {"message": message, "level": level},
            "context": {"service": f"service-{service}", "pod": f"pod-{number % CONTAINERS}", "namespace": "shop"},
        }

    def _trace(self) -> Iterator[Event]:
        trace = next(self._traces)
        for i in range(CALLS):
            slow = 40.0 if self._draw.random() < 0.001 else 1.0
            took = int(slow * self._draw.normal(5_000, 500))
            yield {
                "payload": {"operation": f"call-{i}", "duration": max(took, 1), "status": "OK"},
                "context": {
                    "trace_id": f"{trace:032x}",
                    "span_id": f"{trace * CALLS + i:016x}",
                    "parent_id": None if i == 0 else f"{trace * CALLS:016x}",
                    "service": f"service-{i}",
                    "pod": f"pod-{i}",
                    "namespace": f"team-{i}",
                },
            }


def _metric(name: str, value: float, instance: str, labels: dict[str, str]) -> Event:
    return {"payload": {"name": name, "value": value}, "context": {"labels": labels, "instance": instance}}
