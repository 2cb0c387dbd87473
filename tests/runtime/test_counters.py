"""Counters over runtimes: a series stays in one partial, moves between instances, or is told to have two sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import WindowNode
from slac.testing.harness import Harness

DOCUMENT = Path(__file__).parent / "documents" / "counters.yaml"
EDGES = ["a", "b"]


def plan() -> Plan:
    """Tumbling, hopping and calendar windows of a counter, in parts on edge and put together on central."""
    result = compile_document(Source(DOCUMENT.name, DOCUMENT.read_text(encoding="utf-8")))
    assert result.plan is not None
    return result.plan


def sample(seconds: float, value: float, pod: str = "web-1") -> dict[str, Any]:
    """One sample, as it comes over the wire."""
    return {"timestamp": int(seconds * 1000), "payload": {"value": value}, "context": {"name": "cpu", "pod": pod}}


def said(harness: Harness, block: str) -> list[dict[str, Any]]:
    """What a block published."""
    return harness.made(block).select("pod", "up", "rate").rows(named=True)


@pytest.mark.parametrize("block", ["minute", "hopping", "hour"])
def test_a_window_of_samples_is_split(block: str) -> None:
    """Shared windows run in parts; what their kind is does not matter."""
    roles = {n.id: n.role for n in plan().nodes if isinstance(n, WindowNode) and n.block == block}

    assert roles == {f"{block}.partial": "partial", block: "final"}


def test_a_pod_that_another_instance_takes_over_is_one_series() -> None:
    """Pieces that follow each other merge with the step between them, and a reset inside of one counts as one."""
    harness = Harness(plan(), instances={"edge": EDGES})
    harness.give("metrics", [sample(1, 10), sample(11, 14)], instance="a")
    harness.give("metrics", [sample(21, 20), sample(31, 2)], instance="b")
    harness.end()

    assert said(harness, "minute") == [{"pod": "web-1", "up": 12.0, "rate": 0.4}]
    assert said(harness, "hour") == said(harness, "minute")
    assert not harness.mixed


def test_a_series_from_two_sources_is_told_and_not_guessed() -> None:
    """Its rows are NULL, those of others are not; the block says how many."""
    harness = Harness(plan(), instances={"edge": EDGES})
    harness.give(
        "metrics", [sample(1, 10), sample(31, 14), sample(32, 1, "web-2"), sample(42, 3, "web-2")], instance="a"
    )
    harness.give("metrics", [sample(11, 900), sample(41, 901)], instance="b")
    harness.end()

    assert sorted(said(harness, "minute"), key=lambda r: r["pod"]) == [
        {"pod": "web-1", "up": None, "rate": None},
        {"pod": "web-2", "up": 2.0, "rate": 0.2},
    ]
    assert {m.block for m in harness.mixed} == {"minute", "hopping", "hour"}
    assert next(m.count for m in harness.mixed if m.block == "minute") == 1
