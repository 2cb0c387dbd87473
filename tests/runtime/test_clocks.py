"""Clocks that disagree by minutes: what each edge stamps is where it says, nothing is late, nobody is given up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.runtime.troubles.trouble import SILENT
from slac.stream.batch import TIME, UNDECIDED
from slac.stream.clock import SECOND
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: clocks}
spec:
  events: {Hit: {payload: {n: int}, context: {edge: string}}}
  inputs: {hits: {adapter: http, listen: "127.0.0.1:8090", emits: Hit, idle: 2s}}
  computations: {sums: {from: hits, window: tumbling 1m, select: [{n: COUNT(*)}]}}
  violations: {many: {from: sums, where: n > 1000}}
  outputs: {out: {adapter: stdout, from: [sums, many]}}
  placement:
    edge: {blocks: [hits], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", hold: 1m}
"""
START = 1_700_000_000 * SECOND
EDGES = ("a", "b")
SECONDS = 180


@given(st.tuples(*(st.integers(-300, 300) for _ in EDGES)), st.integers(-300, 300))
@settings(max_examples=5, deadline=None)
def test_each_edge_may_have_its_own_time(skews: tuple[int, int], central: int) -> None:
    """Windows hold what was stamped in them, once all edges have come so far, and are decided."""
    plan = compile_document(Source("clocks.yaml", DOCUMENT), CompileOptions()).plan
    skew = {("edge", name): s * SECOND for name, s in zip(EDGES, skews, strict=True)} | {
        ("central", "central"): central * SECOND
    }
    harness = Harness(plan, instances={"edge": EDGES}, live=True, start=START, skew=skew)
    stamped: Counter[int] = Counter()
    for second in range(0, SECONDS, 10):
        for name, ahead in zip(EDGES, skews, strict=True):
            if second % 60 > 40 and name == "a":
                continue  # quiet for a while: it promises by its own clock
            at = START + (second + ahead) * SECOND
            stamped[at // (60 * SECOND)] += 1
            row: dict[str, Any] = {"timestamp": at // 1000, "payload": {"n": 1}, "context": {"edge": name}}
            harness.give("hits", [row], instance=name)
        harness.advance(10 * SECOND)

    rows = harness.published("sums").with_columns(minute=pl.col(TIME).dt.epoch("us") // (60 * SECOND))
    told = dict(zip(rows["minute"].to_list(), rows["n"].to_list(), strict=True))
    reached = START + (SECONDS + min(skews) - 15) * SECOND
    expected = {minute: n for minute, n in stamped.items() if (minute + 1) * 60 * SECOND <= reached}
    assert expected.items() <= told.items()
    assert UNDECIDED not in rows.columns or not rows[UNDECIDED].fill_null(value=False).any()
    assert not harness._published[SILENT]
    (inlet,) = harness.cores["central", "central"].inlets.values()
    assert inlet.late == 0
