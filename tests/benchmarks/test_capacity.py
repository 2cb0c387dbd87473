"""The benchmark of the capacity model: every document can be driven, and what is asked for is judged right."""

from __future__ import annotations

from itertools import count, islice

import msgspec
import pytest

from benchmarks.capacity import compared
from benchmarks.capacity.documents import compiled, documents
from benchmarks.capacity.feeds import Feed
from benchmarks.capacity.worker import rates_of
from slac.calibration.world import START, World
from slac.plan.nodes import SourceNode
from slac.runtime.source import Source
from tests.shedding.capacity.plans import CALIBRATION


def _timer(step: float) -> object:
    ticks = count()
    return lambda: next(ticks) * step


def test_every_input_understands_its_feed() -> None:
    """Whatever form an input of `sla_docs` has, nothing that is made up for it lands in quarantine."""
    inputs = {n.event: n for path in documents() for n in compiled(path).nodes if isinstance(n, SourceNode)}
    assert len(inputs) > 5
    for node in inputs.values():
        taken = Source(node, document="d", now=START, live=True).take(Feed(node).take(30, START, START + 1_000_000))
        assert not taken.quarantined, node.id
        assert sum(b.height for b in taken.batches) == 30


def test_a_document_runs_and_is_compared() -> None:
    """Cores, memory and delays of one document, under a timer by which a call takes ten microseconds."""
    (path,) = (p for p in documents() if p.stem == "levels")
    plan = compiled(path)
    feeds = {n.block: Feed(n) for n in plan.nodes if isinstance(n, SourceNode)}
    world = World(plan, feeds, rates_of(plan, 0.1), _timer(1e-5))  # type: ignore[arg-type]
    world.run(14.0)
    assert world.latencies["levels"]
    seen = {
        "cores": {name: r.used / 14.0 for name, r in world.runtimes.items()},
        "memory": CALIBRATION.base_memory,
        "latency": {"levels": 100.0},
        "rows": {i: n / 14.0 for r in world.runtimes.values() for i, n in r.core.flow.rows.items()},
    }
    rows = compared("levels", plan, 0.1, seen, CALIBRATION)
    cpu, memory, delay = rows
    assert "CPU of all" in cpu.name
    assert memory.met
    assert not delay.met
    assert msgspec.json.encode(rows)


@pytest.mark.parametrize("event", ["Metric", "Log", "Span", "ApiCall", "KubernetesEvent", "TestRun", "UserAction"])
def test_feeds_are_the_same_every_time(event: str) -> None:
    """Nothing that a second run would not have."""
    from benchmarks.capacity.feeds import cycle_of

    assert list(islice(cycle_of(event), 40)) == list(islice(cycle_of(event), 40))
