"""What must hold for any document: slices, restarts, crashes, placement and partition change no row, id or order."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, note, reject, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import DocumentInvalid, Source
from slac.plan.graph import Plan
from slac.testing import Harness
from tests.runtime.random.documents import Drawn, documents

START = 1_700_000_000_000
EDGES = ("one", "two", "three")

REFUSED = frozenset({"blocks/unreachable", "thresholds/never", "thresholds/always", "windows/retain"})

Event = dict[str, Any]
Rows = dict[str, pl.DataFrame]


def event(seq: int, at: float, key: str, x: float | None, n: int, *, ok: bool) -> Event:
    """One event on the wire; `seq` is its natural id, so that it has the same id wherever it comes in."""
    payload = {"seq": seq, "x": x, "n": n, "ok": ok}
    return {"timestamp": START + int(at * 1000), "payload": payload, "context": {"k": key}}


@st.composite
def histories(draw: st.DrawFn, *, ordered: bool = False) -> list[Event]:
    """Up to forty events over some minutes: gaps, ties, some late, a few too late."""
    steps = [0.0, 0.4, 1.0, 2.5, 7.0, 15.0] if not ordered else [0.1, 0.4, 1.0, 2.5, 7.0, 15.0]
    steps += [] if ordered else [-1.5, -6.0]
    now, made = 0.0, []
    for seq, step in enumerate(draw(st.lists(st.sampled_from(steps), min_size=1, max_size=40))):
        now = max(now + step, 0.0)
        x = draw(st.sampled_from([None, 0.5, 1.5, 2.5, 3.25, 4.5, 7.0]))
        made.append(event(seq, now, draw(st.sampled_from("ab")), x, draw(st.integers(-3, 9)), ok=draw(st.booleans())))
    return made


def plan(drawn: Drawn, *, collapse: bool) -> Plan:
    """The document in one process, or on edge and central."""
    note(drawn.text)
    try:
        return compile_document(Source("random.yaml", drawn.text), CompileOptions(collapse=collapse)).plan
    except DocumentInvalid as invalid:
        # A threshold or filter that no row can meet, and an audit that forgets between two rows, are rightly refused.
        if all(d.code in REFUSED for d in invalid.diagnostics if d.severity == "error"):
            reject()
        raise


def outcome(harness: Harness, drawn: Drawn) -> Rows:
    """All that was published."""
    harness.end()
    return {b: harness.published(b) for b in drawn.blocks}


def undisturbed(drawn: Drawn, events: list[Event]) -> Rows:
    """Everything at once, in one process."""
    harness = Harness(plan(drawn, collapse=True))
    harness.give("m", events)
    return outcome(harness, drawn)


def assert_same(got: Rows, expected: Rows) -> None:
    """Row by row, id by id, bit by bit."""
    for block, rows in expected.items():
        assert_frame_equal(got[block], rows, check_exact=True)


sizes = st.lists(st.integers(1, 10), min_size=1, max_size=8)
turns = st.sets(st.integers(0, 30), max_size=6)


@given(documents(), histories(), sizes, turns)
@settings(max_examples=20)
def test_slices_and_restarts(drawn: Drawn, events: list[Event], cut: list[int], restarts: set[int]) -> None:
    """Batches of any size, with a restart from a checkpoint after any of them."""
    harness = Harness(plan(drawn, collapse=True))
    rest, turn = events, 0
    while rest:
        size = cut[turn % len(cut)]
        harness.give("m", rest[:size])
        rest = rest[size:]
        if turn in restarts:
            harness.restart("all")
        turn += 1
    assert_same(outcome(harness, drawn), undisturbed(drawn, events))


@given(documents(), histories(), st.integers(1, 7), turns, turns)
@settings(max_examples=20)
def test_edge_and_central(drawn: Drawn, events: list[Event], size: int, edge: set[int], central: set[int]) -> None:
    """Two runtimes, each restarted now and then, say what one process says."""
    harness = Harness(plan(drawn, collapse=False))
    for turn, start in enumerate(range(0, len(events), size)):
        harness.give("m", events[start : start + size])
        if turn in edge:
            harness.restart("edge")
        if turn in central:
            harness.restart("central")
    assert_same(outcome(harness, drawn), undisturbed(drawn, events))


@given(documents(spread=True), histories(ordered=True), st.data())
@settings(max_examples=20)
def test_many_edges(drawn: Drawn, events: list[Event], data: st.DataObject) -> None:
    """Events in order, dealt to three edges at random: the partials add up."""
    harness = Harness(plan(drawn, collapse=False), instances={"edge": EDGES})
    for each in events:
        harness.give("m", [each], instance=data.draw(st.sampled_from(EDGES)))
    assert_same(outcome(harness, drawn), undisturbed(drawn, events))


@given(documents(), histories(ordered=True), st.data())
@settings(max_examples=20)
def test_order_of_arrival(drawn: Drawn, events: list[Event], data: st.DataObject) -> None:
    """Out of order within `lateness` is as good as in order."""
    delayed = [(e["timestamp"] + data.draw(st.integers(0, 1999)), i, e) for i, e in enumerate(events)]
    harness = Harness(plan(drawn, collapse=True))
    harness.give("m", [e for _, _, e in sorted(delayed, key=lambda d: d[:2])])
    assert_same(outcome(harness, drawn), undisturbed(drawn, events))
