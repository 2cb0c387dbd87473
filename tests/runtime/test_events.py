"""The event model at run time: several types in one input, lists, maps, enums and natural ids, in any slicing."""

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
BLOCKS = ("anomalies", "latencies", "pulled", "all_of_them", "per_series", "per_level", "tagged")

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


def run(
    events: list[Event], sizes: list[int], restarts: frozenset[int] = frozenset(), *, feed: str = "feed"
) -> dict[str, pl.DataFrame]:
    """All that is published when the events come in batches of these sizes, in turns."""
    harness = Harness(plan())
    turn = 0
    while events:
        size = sizes[turn % len(sizes)]
        harness.give(feed, events[:size])
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


def sample(seconds: float, key: int, labels: dict[str, str], **more: Any) -> Event:
    """A sample of one series."""
    payload: dict[str, Any] = {"value": 1, "labels": labels, "tags": ["a"], "level": "low"} | more
    return event(seconds, key=key, **payload)


def test_a_repeat_is_dropped_and_the_id_is_the_same_from_everywhere() -> None:
    """What comes again within `retain` counts once; its id does not depend on the source."""
    first = [sample(0, 1, {"pod": "x"}), sample(1, 2, {"pod": "x"}), sample(2, 1, {"pod": "x"})]
    once = run(first, [10], feed="samples")
    assert once["per_series"]["n"].to_list() == [2]
    again = run(list(reversed(first[:2])), [10], feed="samples")
    assert sorted(once["tagged"]["_id"]) == sorted(again["tagged"]["_id"])


def test_series_are_equal_where_their_sorted_labels_are() -> None:
    """The order of labels does not matter; a label more is another series."""
    events = [
        sample(0, 1, {"a": "1", "b": "2"}),
        sample(1, 2, {"b": "2", "a": "1"}),
        sample(2, 3, {"a": "1"}, extra=1, tags=[]),
    ]
    got = run(events, [10], feed="samples")
    assert sorted(got["per_series"].select("labels", "n").rows()) == [('{"a":"1","b":"2"}', 2), ('{"a":"1"}', 1)]
    assert got["tagged"].height == 3


@st.composite
def samples(draw: st.DrawFn) -> list[Event]:
    """Samples of some series, some repeated, some that do not comply, roughly in order."""
    now, made = 20.0, []
    for step in draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 6.0, -2.0, -5.0]), min_size=1, max_size=30)):
        now = max(now + step, 0.0)
        labels = draw(st.dictionaries(st.sampled_from(["pod", 'a"b']), st.sampled_from(["", "x\\y"]), max_size=2))
        more = {
            "level": draw(st.sampled_from(["low", "high", "none"])),
            "tags": draw(st.sampled_from([[], ["a", "b"]])),
        }
        extra: dict[str, Any] = draw(st.sampled_from([{}, {"extra": 1}, {"extra": [2]}]))
        made.append(sample(now, draw(st.integers(0, 6)), labels, value=draw(st.integers(0, 3)), **more, **extra))
    return made


@given(samples(), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.frozensets(st.integers(0, 20)))
@settings(max_examples=25)
def test_lists_maps_and_enums_in_any_slicing(events: list[Event], sizes: list[int], restarts: frozenset[int]) -> None:
    """Batches of any size, with restarts: the same series, the same repeats, the same ids."""
    whole, cut = run(events, [len(events)], feed="samples"), run(events, sizes, restarts, feed="samples")
    for block in BLOCKS:
        assert_frame_equal(cut[block], whole[block], check_exact=True)
