"""A silence is as long as it was, whatever the gate drops behind the decoder: cells tell when each key was heard."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import SourceNode
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.shedding.admission import Admission, weight_of
from slac.stream.ports import Records
from tests.runtime.gates.documents import SECOND, START, plan_of

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: hosts}
spec:
  events:
    Sample: {payload: {host: string, value: float}}
  inputs:
    samples: {adapter: http, listen: "127.0.0.1:8090", emits: Sample}
  computations:
    load: {from: samples, by: host, window: tumbling 1m, select: [{n: COUNT(*)}, {mean: AVG(value)}]}
  violations:
    quiet: {absent: samples, by: host, for: 7s}
  outputs:
    log: {adapter: stdout, from: [load, quiet]}
"""
PLAN = plan_of(text=TEXT)
THIN = Admission(classes={0: (weight_of(0.02),)}, counts=True)


def _events() -> list[tuple[int, str]]:
    draw = np.random.default_rng(11)
    times = np.sort(draw.integers(0, 100_000, 300)).tolist()
    return [(START + t * 1000, f"h{h}") for t, h in zip(times, draw.integers(0, 5, 300).tolist(), strict=True)]


EVENTS = _events()


def _said(admission: Admission | None, size: int) -> tuple[list[Any], list[Any]]:
    """Silences, and counts by minute and host, of all events in bodies of so many."""
    core, found = Core(PLAN, now=START, live=False), list[Publish]()
    if admission is not None:
        core.sources["samples"].gate.set_admission(0.02, "cpu", {}, admission=admission)
    for at in range(0, len(EVENTS), size):
        piece = EVENTS[at : at + size]
        lines = [orjson.dumps({"timestamp": t // 1000, "payload": {"host": h, "value": 1.0}}) for t, h in piece]
        said = core.on_records("samples", [Records(source="a", arrival=piece[-1][0], ndjson=b"\n".join(lines) + b"\n")])
        found += [one for one in said if isinstance(one, Publish)]
    found += [one for one in core.on_input_ended("samples") if isinstance(one, Publish)]
    quiet = [f.frame.select("host", "kind", "since", "last_seen") for f in found if f.block == "quiet"]
    load = [f.frame.select("_time", "host", "n") for f in found if f.block == "load"]
    return [r for f in quiet for r in f.rows()], sorted(r for f in load for r in f.rows())


TRUTH = _said(None, 10)


@settings(max_examples=15)
@given(st.integers(1, 300))
def test_a_silence_is_as_long_as_it_was(size: int) -> None:
    """However many events come at once, and however few of them are kept; and nothing is counted twice."""
    assert _said(THIN, size) == TRUTH
    assert TRUTH[0]


def test_cells_are_shorter_than_half_a_silence() -> None:
    """So that the first and the last event of each are enough."""
    node = PLAN["samples"]
    assert isinstance(node, SourceNode)
    assert node.gate.latest
    assert node.gate.pane * 2 <= 7 * SECOND
    assert 60 * SECOND % node.gate.pane == 0
