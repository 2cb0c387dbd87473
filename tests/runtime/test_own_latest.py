"""A running window and the latest-joins of its own input with it: together they say what each would say alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.own_latest import own_latest
from slac.runtime import assembly
from slac.runtime.operator import State
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.testing.harness import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: own}
spec:
  events: {Span: {payload: {k: "string?", n: "int?", x: "float?"}}}
  inputs: {spans: {adapter: file, path: s.ndjson, emits: Span, time: {unit: us}, lateness: 3us}}
  computations:
    usual:
      from: spans
      by: KEYS
      window: running
      retain: 12us
      select: [{mean: AVG(x)}, {deviation: STDDEV_POP(x)}, {top: MAX(x)}, {rows: COUNT(*)}VALUES]
    seen:
      from: spans
      join: {s: {latest: usual, by: KEYS}}
      retain: 8us
      select: [k, n, x, {mean: s.mean}, {deviation: s.deviation}, {top: s.top}, {rows: s.rows}MORE]
    high:
      from: spans
      join: {s: {latest: usual, by: KEYS}}
      where: x > s.mean
      select: [k, x, {mean: s.mean}]OTHERS
  outputs: {log: {adapter: stdout, from: [seen, high]}}
"""
CALCULATED = """, {word: "CASE WHEN COUNT(*) > 2 THEN 'many' ELSE 'few' END"}"""
READER = """
    read: {from: usual, where: rows > 2, select: [rows]}"""


def plan(keys: str, *, calculated: bool, read: bool) -> Plan:
    """The document by these keys; with a calculated value, and with somebody else who reads the window."""
    text = DOCUMENT.replace("KEYS", keys).replace("OTHERS", READER if read else "")
    text = text.replace("VALUES", CALCULATED if calculated else "").replace(
        "MORE", ", {w: s.word}" if calculated else ""
    )
    return compile_document(Source("d.yaml", text)).plan


PLANS = [plan(k, calculated=c, read=r) for k, c, r in (("k", False, False), ("[n, k]", True, False), ("k", True, True))]

SPANS = st.lists(
    st.tuples(
        st.integers(-6, 20),
        st.sampled_from(["a", "b", None]),
        st.sampled_from([1, None]),
        st.sampled_from([0.5, 2.25, 100.0, 1e9, None]),
    ),
    max_size=40,
)
Span = tuple[int, str | None, int | None, float | None]


def play(document: Plan, spans: Sequence[Span], sizes: Sequence[int], restarts: set[int]) -> tuple[Any, ...]:
    """All that was made, and what was remembered on the way; later spans come later, some of them too late."""
    harness, snapshots = Harness(document), []
    start = step = now = 0
    while start < len(spans):
        size = sizes[step % len(sizes)]
        rows = []
        for t, k, n, x in spans[start : start + size]:
            now += max(t, 0) // 6
            rows.append({"timestamp": 1_000 + now + min(t, 0), "payload": {"k": k, "n": n, "x": x}})
        harness.give("spans", rows)
        if step in restarts:
            harness.restart("all")
        snapshots.append(next(iter(harness.cores.values())).snapshot())
        start, step = start + size, step + 1
    harness.end()
    made = {name: harness.made(name) for name in ("usual", "seen", "high")}
    counted = next(iter(harness.cores.values())).flow.rows
    return made, dict(counted), [{name: remembered(s) for name, s in one.items()} for one in snapshots]


def remembered(state: State) -> tuple[Any, ...]:
    """A state in a form that does not depend on the order of rows."""
    frames = {name: sorted(map(repr, frame.rows(named=True))) for name, frame in state.frames.items()}
    return dict(state.values), frames


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLANS), SPANS, st.lists(st.integers(1, 15), min_size=1, max_size=4), st.sets(st.integers(0, 9)))
def test_together_as_alone(document: Plan, spans: list[Span], sizes: list[int], restarts: set[int]) -> None:
    """The same rows with the same ids in the same order, and the same snapshots, in any slicing."""
    together, counted, kept = play(document, spans, sizes, restarts)
    with patch.object(assembly, "paired_operators", lambda *_: {}):
        alone, counted_alone, kept_alone = play(document, spans, sizes, restarts)
    for name, frame in alone.items():
        assert_frame_equal(together[name], frame, check_exact=True)
    assert counted == counted_alone
    assert kept == kept_alone


@pytest.mark.parametrize("document", PLANS)
def test_pairs_are_found(document: Plan) -> None:
    """Both joins meet their own window."""
    found = own_latest(document.nodes)
    assert set(found.values()) == {"usual"}
    assert len(found) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("window: running", "window: sliding 5us"),
        ("window: running", "window: running\n      where: x > 1"),
        ("{top: MAX(x)}", "{top: LAST(x)}"),
    ],
)
def test_others_stay_alone(old: str, new: str) -> None:
    """Another window, other rows, or a value that follows the order."""
    text = DOCUMENT.replace("KEYS", "k").replace("VALUES", "").replace("MORE", "").replace("OTHERS", "")
    assert not own_latest(compile_document(Source("d.yaml", text.replace(old, new))).plan.nodes)


def test_rows_given_by_hand_are_met() -> None:
    """A test may say what the window has said: the joins meet that, too."""
    harness = Harness(PLANS[0])
    row = {TIME: [990], ID: [7], "k": ["a"], "mean": [5.0], "deviation": [0.0], "top": [5.0], "rows": [1]}
    given_row = pl.DataFrame(row, schema_overrides={ID: pl.UInt64}).with_columns(pl.col(TIME).cast(TIME_TYPE))
    harness.inject("usual", given_row)
    harness.give("spans", [{"timestamp": 995, "payload": {"k": "a", "n": 1, "x": 6.0}}])
    harness.end()
    assert harness.made("high")["mean"].to_list() == [5.0]
