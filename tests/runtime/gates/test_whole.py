"""Ahead of a pattern whole keys are dropped: no absence is said that is none, whenever a threshold changes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.core import Core
from slac.runtime.gates.keys import Steps
from slac.runtime.gates.sieve import Sieve
from slac.shedding.admission import Admission, weight_of
from slac.shedding.gate import Gate
from slac.stream.batch import ID, TIME, TIME_TYPE, WEIGHT
from slac.stream.ports import Records
from tests.runtime.gates.documents import SECOND, START, plan_of, source_of

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: orders}
spec:
  events:
    Event: {payload: {order: string, what: string}}
  inputs:
    begun: {adapter: http, listen: "127.0.0.1:8090", emits: Event}
    ended: {adapter: http, listen: "127.0.0.1:8091", emits: Event}
  computations:
    unanswered:
      pattern: every a=begun -> (timer:interval(10s) and not ended)
      by: order
      within: 1m
      limit: 10
      select: [{what: a.what}]
  violations:
    silent: {from: unanswered, where: what IS NOT NULL, by: order}
  outputs:
    log: {adapter: stdout, from: [silent]}
"""
PLAN = plan_of(text=TEXT)
ORDERS = 60


def _events() -> list[tuple[int, str, str]]:
    """Orders that begin over a minute; all are answered after some seconds, but every seventh."""
    draw = np.random.default_rng(4)
    found = []
    for n, at in enumerate(np.sort(draw.integers(0, 60 * SECOND, ORDERS)).tolist()):
        found.append((START + at, "begun", f"o{n}"))
        if n % 7:
            found.append((START + at + int(draw.integers(1, 9 * SECOND)), "ended", f"o{n}"))
    return sorted(found)


EVENTS = _events()
UNANSWERED = {f"o{n}" for n in range(0, ORDERS, 7)}


def _said(changes: list[tuple[int, float]], *, restart: bool = False) -> set[str]:
    """The orders that are said to be unanswered, when gates change what they admit at these seconds."""
    core, rows = Core(PLAN, now=START, live=False), list[pl.DataFrame]()
    due = sorted(changes)
    for number, (at, block, order) in enumerate(EVENTS):
        core.flow.tap = lambda n, b: rows.append(b.frame) if n == "unanswered" else None
        while due and START + due[0][0] * SECOND <= at:
            _, fraction = due.pop(0)
            admission = Admission(whole=weight_of(fraction), since=at)
            for source in core.sources.values():
                source.gate.set_admission(fraction, "cpu", {}, admission=admission)
        core.on_records(block, [_records(at, order)])
        if restart and number % 25 == 0:
            states, core = core.snapshot(), Core(PLAN, now=START, live=False)
            core.restore(states, START)
    core.flow.tap = lambda n, b: rows.append(b.frame) if n == "unanswered" else None
    for block in ("begun", "ended"):
        core.on_input_ended(block)
    return {order for frame in rows for order in frame["order"].to_list()}


def _records(at: int, order: str) -> Records:
    event: dict[str, Any] = {"timestamp": at // 1000, "payload": {"order": order, "what": "x"}}
    return Records(source="web", arrival=at, ndjson=orjson.dumps(event))


def test_the_gates_of_a_pattern_drop_whole_keys() -> None:
    """Both inputs by the pattern's key, with one threshold; nothing is dropped before its key is known."""
    for name in ("begun", "ended"):
        gate = source_of(PLAN, name).gate
        assert (gate.key, gate.shared, gate.may_drop_unread) == (("order",), "unanswered", False)
    assert PLAN["unanswered"].whole_by == ("order",)


def test_without_drops_all_is_said() -> None:
    """What the pattern finds by itself."""
    assert _said([]) >= UNANSWERED - {f"o{n}" for n in range(ORDERS - 15, ORDERS)}


@settings(max_examples=12, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 70), st.sampled_from([1.0, 0.7, 0.4, 0.1])), max_size=5),
    restart=st.booleans(),
)
def test_no_absence_is_false(*, changes: list[tuple[int, float]], restart: bool) -> None:
    """Whenever thresholds rise and fall, who is said to be unanswered is."""
    assert _said(changes, restart=restart) <= UNANSWERED


def test_some_are_still_said() -> None:
    """Of keys that are kept all is said."""
    assert _said([(0, 0.5)]) & UNANSWERED


def test_the_highest_threshold_of_a_time_counts() -> None:
    """A result that reaches back over a change is judged by the highest that held in between."""
    steps = Steps()
    for since, weight in ((100, 2 << 20), (200, 8 << 20), (300, 1 << 20)):
        steps.add(since, weight)
    found = steps.highest(np.array([50, 150, 250, 310, 420]), 50)
    assert (found >> np.uint64(20)).tolist() == [1, 2, 8, 8, 1]


def test_who_can_count_and_does_not_is_known() -> None:
    """Then no row says that its key was dropped for a part of a window: the gate has to. Late rows go by their keys."""
    node = source_of(PLAN, "begun")
    spec = msgspec.structs.replace(node.gate, groups=("order",), pane=10 * SECOND)
    gate = Gate("begun", salt=1)
    sieve = Sieve(msgspec.structs.replace(node, gate=spec), gate)

    def rows(at: int) -> pl.DataFrame:
        times = pl.Series(TIME, [START + at * SECOND] * 40).cast(TIME_TYPE)
        orders = pl.Series("order", [f"o{n}" for n in range(40)])
        return pl.DataFrame(
            [times, pl.Series(ID, range(at * 100, at * 100 + 40), pl.UInt64), orders, orders.alias("what")]
        )

    def parted(begin: int, end: int) -> bool:
        spans = (np.array([START + at * SECOND]) for at in (begin, end))
        return bool(sieve.parted_between(*spans)[0])

    sieve.admit(rows(1))
    for since, counts in ((10, True), (30, False), (50, True)):
        admission = Admission(whole=weight_of(5 / since), since=START + since * SECOND, counts=counts)
        gate.set_admission(0.5, "cpu", {}, admission=admission)
        sieve.admit(rows(since + 1))
        late = sieve.unread(rows(since + 1))["order"].to_list()
        kept = sieve.admit(rows(since + 2)).filter(pl.col(WEIGHT) > 0)["order"].to_list()
        assert len(kept) < 40
        assert late == ([f"o{n}" for n in range(40)] if since == 10 else kept)
    state, sieve = sieve.snapshot(), Sieve(msgspec.structs.replace(node, gate=spec), gate)
    sieve.restore(state)
    assert [parted(*span) for span in ((5, 11), (25, 35), (31, 32), (60, 61))] == [False, True, False, False]
