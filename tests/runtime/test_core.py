"""What must always hold: slicing, partitioning, restarting and placing change nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan
from slac.testing import Harness

DOCUMENT = Path(__file__).parent / "documents" / "availability.yaml"
BLOCKS = ("module_availability", "silent", "too_slow", "slow")
EDGES = ("one", "two", "three")

Event = dict[str, Any]


@cache
def plan(*, collapse: bool) -> Plan:
    """The document in one process, or on edge and central."""
    return compile_paths([str(DOCUMENT)], CompileOptions(collapse=collapse))[0].plan


def event(seconds: float, module: str, case: str, *, ok: bool, took: float) -> Event:
    """One test run on the wire."""
    return {
        "timestamp": 1_700_000_000_000 + int(seconds * 1000),
        "payload": {"outcome": "success" if ok else "failure", "duration_ms": took, "exception": None if ok else case},
        "context": {"module": module, "test_case": case},
    }


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Test runs over some minutes, with gaps, roughly in order: some come late, a few too late."""
    steps = draw(st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.5, 9.0, 16.0, -1.5, -6.0]), min_size=1, max_size=40))
    now, made = 0.0, []
    for step in steps:
        now += step
        module, case = draw(st.sampled_from("ab")), draw(st.sampled_from("xyz"))
        made.append(event(max(now, 0.0), module, case, ok=draw(st.booleans()), took=draw(st.floats(0.1, 150))))
    return made


def outcome(harness: Harness) -> dict[str, pl.DataFrame]:
    """All that was published."""
    return {b: harness.published(b) for b in BLOCKS}


def one_process(events: list[Event]) -> dict[str, pl.DataFrame]:
    """The undisturbed run: everything at once, in one process."""
    harness = Harness(plan(collapse=True))
    harness.give("watchdog", events)
    harness.end()
    return outcome(harness)


def assert_same(got: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    """Row by row, id by id, bit by bit."""
    for block in BLOCKS:
        assert_frame_equal(got[block], expected[block], check_exact=True)


@given(histories(), st.lists(st.integers(1, 10), min_size=1, max_size=8), st.sets(st.integers(0, 30)))
@settings(max_examples=30)
def test_slices_and_restarts_change_nothing(events: list[Event], sizes: list[int], restarts: set[int]) -> None:
    """Batches of any size, with a restart from a checkpoint after any of them."""
    harness = Harness(plan(collapse=True))
    rest, turn = events, 0
    while rest:
        size = sizes[turn % len(sizes)]
        harness.give("watchdog", rest[:size])
        rest = rest[size:]
        if turn in restarts:
            harness.restart("all")
        turn += 1
    harness.end()

    assert_same(outcome(harness), one_process(events))


@given(histories(), st.integers(1, 7), st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
@settings(max_examples=30)
def test_edge_and_central_say_what_one_process_says(
    events: list[Event], size: int, edge_restarts: set[int], central_restarts: set[int]
) -> None:
    """A split into two runtimes, each restarted now and then."""
    harness = Harness(plan(collapse=False))
    for turn, start in enumerate(range(0, len(events), size)):
        harness.give("watchdog", events[start : start + size])
        if turn in edge_restarts:
            harness.restart("edge")
        if turn in central_restarts:
            harness.restart("central")
    harness.end()

    assert_same(outcome(harness), one_process(events))


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_many_edges_say_what_one_process_says(events: list[Event], random: Any) -> None:
    """Events in order, dealt to three edges at random: the partials add up."""
    events = sorted(events, key=lambda e: int(e["timestamp"]))
    # Equal rows of one instant would be told apart by their ids, which name the edge they came in at.
    events = [e | {"timestamp": e["timestamp"] + i} for i, e in enumerate(events)]
    harness = Harness(plan(collapse=False), instances={"edge": EDGES})
    for each in events:
        harness.give("watchdog", [each], instance=random.choice(EDGES))
    harness.end()

    assert_same(outcome(harness), one_process(events))


def test_what_a_link_holds_is_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Much that one watermark sets free is many messages, each complete below a watermark of its own."""
    events = [event(i % 7, "ab"[i % 2], "xyz"[i % 3], ok=i % 5 > 0, took=i) for i in range(60)]
    events.append(event(80, "a", "x", ok=True, took=1))
    expected = one_process(events)
    monkeypatch.setattr("slac.runtime.rim.MOST_ROWS", 2)
    harness = Harness(plan(collapse=False))
    harness.give("watchdog", events)
    harness.end()

    assert_same(outcome(harness), expected)


def test_a_live_run_notices_silence_by_its_idle_promise() -> None:
    """Nothing comes: time goes on by the clock, windows close, the alarm is raised once and resolved."""
    start = 1_700_000_000_000_000
    harness = Harness(plan(collapse=False), live=True, start=start)
    harness.give("watchdog", [event(0.5, "a", "x", ok=False, took=1)])
    harness.advance(60_000_000)
    harness.give("watchdog", [event(61, "a", "x", ok=True, took=1)])
    harness.advance(30_000_000)

    silent = harness.published("silent")
    assert silent["kind"].to_list()[:2] == ["raised", "resolved"]
    reports = harness.published("module_availability")
    assert reports["kind"].to_list()[0] == "initial"
    assert reports["state"].to_list()[0] == "down"


def test_what_cannot_be_read_is_put_aside_and_the_rest_counts() -> None:
    """A malformed record costs itself only."""
    good = orjson.dumps(event(1, "a", "x", ok=True, took=1))
    harness = Harness(plan(collapse=True))
    harness.give("watchdog", good + b"\n{broken\n" + good.replace(b'"duration_ms":1', b'"duration_ms":"1"'))
    harness.end()

    reasons = [r.reason for r in harness.refused]
    assert len(reasons) == 2
    assert "not JSON" in reasons[0]
    assert "duration_ms" in reasons[1]
    assert harness.published("slow")["_kept"].to_list() == [1] * 4
