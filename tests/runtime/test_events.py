"""The event model at run time: several types in one input, however the input is cut."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import compile_paths
from slac.plan.graph import Plan
from slac.testing import Harness

DOCUMENTS = Path(__file__).parent / "documents"
BLOCKS = ("anomalies", "latencies", "pulled", "all_of_them")

Event = dict[str, Any]


@cache
def plan() -> Plan:
    """An input of three types, read by name, by type and by supertype."""
    return compile_paths([str(DOCUMENTS / "events.yaml")])[0].plan


def event(seconds: float, kind: str | None = None, **payload: Any) -> Event:
    """One event on the wire."""
    return {"timestamp": int(seconds * 1000), "payload": payload, "context": {"kind": kind}}


def latency(seconds: float, pod: str, value: float) -> Event:
    """An event of the type HighLatency."""
    return event(seconds, "latency", pod=pod, latency=value)


def run(events: list[Event], sizes: list[int], restarts: frozenset[int] = frozenset()) -> dict[str, pl.DataFrame]:
    """All that is published when the events come in batches of these sizes, in turns."""
    harness = Harness(plan())
    turn = 0
    while events:
        size = sizes[turn % len(sizes)]
        harness.give("feed", events[:size])
        events = events[size:]
        if turn in restarts:
            harness.restart("all")
        turn += 1
    harness.end()
    return {b: harness.published(b) for b in BLOCKS}


def test_each_event_is_of_the_first_type_whose_condition_is_true() -> None:
    """A type has its own events, a supertype those of all below it, and the input's name all of them."""
    got = run(
        [
            latency(0, "a", 1.5),
            event(1, "latency", pod="b", latency=2.5, code=3),
            event(2, "x", pod="a", code=1),
            event(3, container={"image": "web"}),
        ],
        [10],
    )
    assert sorted(got["anomalies"].select("pod", "n").rows()) == [("a", 2), ("b", 1)]
    assert sorted(got["latencies"].select("pod", "highest").rows()) == [("a", 1.5), ("b", 2.5)]
    assert got["pulled"]["image"].to_list() == ["web"]
    assert got["all_of_them"]["kind"].to_list() == ["latency", "latency", "x", None]


def test_what_is_of_no_type_or_lacks_a_field_is_refused() -> None:
    """A latency without a pod, and what would be a pull without an image, are quarantined; the rest goes on."""
    harness = Harness(plan())
    harness.give("feed", [event(0, "latency", latency=1.0), event(1, "x"), latency(2, "a", 1.0)])
    harness.end()
    reasons = [r.reason for r in harness.refused]
    assert reasons == [
        "payload.pod: missing (the event is of the type HighLatency)",
        "payload.container.image: missing (the event is of the type Pulled)",
    ]
    assert harness.published("latencies").height == 1


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of all types and of none, roughly in order."""
    now, made = 20.0, []
    for step in draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 4.0, -2.0, -5.0]), min_size=1, max_size=30)):
        now = max(now + step, 0.0)
        pod = draw(st.sampled_from(["a", "b", None]))
        made.append(
            draw(
                st.sampled_from(
                    [
                        event(now, "latency", pod=pod, latency=draw(st.floats(0, 10))),
                        event(now, "x", pod=pod, code=draw(st.integers(-1, 2))),
                        event(now, container={"image": "web"}),
                        event(now, "latency", pod=pod, latency="slow"),
                    ]
                )
            )
        )
    return made


@given(histories(), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.frozensets(st.integers(0, 20)))
@settings(max_examples=25)
def test_slices_and_restarts_change_nothing(events: list[Event], sizes: list[int], restarts: frozenset[int]) -> None:
    """Batches of any size, with restarts from a checkpoint in between: the same rows with the same ids."""
    whole, cut = run(events, [len(events)]), run(events, sizes, restarts)
    for block in BLOCKS:
        assert_frame_equal(cut[block], whole[block], check_exact=True)
