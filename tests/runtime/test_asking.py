"""Left rows that need no answer do not ask, and right rows wait until one does: outside nobody can tell."""

from __future__ import annotations

from functools import cache
from unittest.mock import patch

import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime import delivery, inbox
from slac.runtime.asking import worthwhile
from slac.stream.batch import REVISION, Batch
from slac.testing import Harness

START = 1_700_000_000
DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: asking}
spec:
  events: {E: {payload: {x: int}, context: {k: string, t: string}}}
  inputs: {e: {adapter: http, listen: "127.0.0.1:1", path: /e, emits: E, lateness: 0s}}
  computations:
    firsts: {from: e, by: k, window: running, retain: 1h, select: [{first: MIN(EVENT_TIME())}, {n: COUNT(*)}]}
    kinds: {from: e, by: [k, t], window: running, retain: 1h, select: [{x: LAST(x)}, {seen: COUNT(*)}]}
    news:
      from: kinds
      join: {s: {latest: firsts, by: k}}
      retain: 1h
      where: seen = 1 AND x > 2 AND EVENT_TIME() - s.first >= INTERVAL '3s'
      select: [k, t, x, {n: s.n}]
    all: {from: kinds, join: {s: {latest: firsts, by: k}}, retain: 1h, where: s.n > 2, select: [k, {n: s.n}]}
    sums: {from: firsts, by: k, window: tumbling 10s, select: [{n: MAX(n)}]}
    calm: {from: firsts, join: {l: {latest: kinds, by: k}}, retain: 1h, select: [k, n, {x: l.x}]}
    tops: {from: calm, by: k, window: tumbling 5s, select: [{n: MAX(n)}, {x: SUM(x)}]}
  outputs: {out: {adapter: stdout, from: [news, all, sums, tops]}}
  placement: {node: {blocks: ["*"]}}
"""
CALM = """
apiVersion: slac/v1
kind: SLA
metadata: {name: calm}
spec:
  events: {E: {payload: {x: int}, context: {k: string, t: string}}}
  inputs:
    e: {adapter: http, listen: "127.0.0.1:1", path: /e, emits: E, lateness: 0s}
    f: {adapter: http, listen: "127.0.0.1:2", path: /f, emits: E, lateness: 0s}
  computations:
    counts: {from: f, by: k, window: running, retain: 1h, select: [{n: COUNT(*)}]}
    beside: {from: e, join: {s: {latest: counts, by: k}}, retain: 1h, select: [k, x, {n: s.n}]}
    tops: {from: beside, by: k, window: tumbling 10s, select: [{n: MAX(n)}, {x: SUM(x)}]}
  outputs: {out: {adapter: stdout, from: tops}}
"""
"""Whoever asks waits for the end of a window."""
BLOCKS = ("news", "all", "sums", "tops")
JOIN = "news.join.s"


@cache
def plan() -> Plan:
    """The document above."""
    return compile_document(Source("asking.yaml", DOCUMENT), CompileOptions(collapse=True)).plan


def line(at: int, key: str, kind: str, x: int) -> bytes:
    """An event so many seconds after `START`."""
    payload, context = {"x": x}, {"k": key, "t": kind}
    return orjson.dumps({"timestamp": 1000 * (START + at), "payload": payload, "context": context})


def test_only_what_the_left_side_says_is_asked_before() -> None:
    """By the one who reads the join alone; rows that may be withdrawn, and late ones, all go on."""
    found = worthwhile(plan())
    assert set(found) == {JOIN}
    rows = pl.DataFrame({"seen": [1, 2, None, 1], "x": [3, 3, 3, 1]})

    assert found[JOIN](Batch(rows)).frame.rows() == [(1, 3)]
    assert found[JOIN](Batch(rows, late=True)).height == 4
    assert found[JOIN](Batch(rows.with_columns(pl.lit(1).alias(REVISION)))).height == 4


def test_right_rows_wait_until_a_left_row_asks() -> None:
    """Then all that came before it is there."""
    harness = Harness(plan())
    core = next(iter(harness.cores.values()))
    harness.give("e", line(1, "a", "u", 1))
    for at in range(2, 9):
        harness.give("e", line(at, "a", "u", 9))
    assert core.flow._inbox[JOIN].rows > 0
    harness.give("e", line(9, "a", "v", 3))
    harness.give("e", line(10, "a", "u", 3))

    assert harness.published("news").select("t", "x", "n").rows() == [("v", 3, 9)]


def test_right_rows_wait_as_long_as_who_asks_does() -> None:
    """Where left rows wait for the end of a window, what answers them is worked on then too, and not in each wave."""
    harness = Harness(compile_document(Source("calm.yaml", CALM), CompileOptions(collapse=True)).plan)
    flow = next(iter(harness.cores.values())).flow
    for at in range(9):
        for name in "ef":
            harness.give(name, line(at, "a", "u", 1))
    assert (flow._inbox["counts"].rows, flow._inbox["beside.join.s"].rows) == (9, 9)

    for name in "ef":
        harness.give(name, line(10, "a", "u", 1))
    assert harness.published("tops").select("n", "x").rows() == [(9, 9)]


events = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.sampled_from("uvw"), st.integers(0, 5)), max_size=25
)


@given(
    events, st.lists(st.integers(1, 6), min_size=1, max_size=4), st.sets(st.integers(0, 8)), st.sampled_from([2, 4000])
)
@settings(max_examples=20)
def test_who_waits_says_what_who_does_not_says(
    steps: list[tuple[int, str, str, int]], cut: list[int], restarts: set[int], most: int
) -> None:
    """After each slice, restarted or not, however much may wait."""
    at, rest, turn = 0, list[bytes](), 0
    for step, key, kind, x in steps:
        at += step
        rest.append(line(at, key, kind, x))
    patient = Harness(plan())
    with patch.object(delivery, "worthwhile", lambda _: {}):
        eager = Harness(plan())
    with patch.object(inbox, "MOST_ROWS", most):
        while rest:
            size = cut[turn % len(cut)]
            for harness in (patient, eager):
                harness.give("e", b"\n".join(rest[:size]))
            for core in eager.cores.values():
                core.flow.settle()
            same(patient, eager)
            if turn in restarts:
                patient.restart("all")
            rest, turn = rest[size:], turn + 1
        for harness in (patient, eager):
            harness.end()
    same(patient, eager)


def same(one: Harness, other: Harness) -> None:
    """All that was published."""
    for block in BLOCKS:
        assert_frame_equal(one.published(block), other.published(block), check_row_order=False)
