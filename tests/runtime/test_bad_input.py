"""Bad input, row by row of docs/bad-input.md: the run goes on, what happened is said, and no other verdict changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from slac.compiler import compile_paths
from slac.plan.graph import Plan
from slac.runtime.instructions import Publish
from slac.stream.clock import SECOND
from slac.testing import Harness

START = 1_700_000_000 * SECOND
BLOCKS = ("pods", "above", "usage", "falls", "turnover", "judged")

Event = dict[str, Any]
Timed = tuple[float, Event | bytes]


@cache
def plan() -> Plan:
    """One block of each kind that holds state."""
    return compile_paths([str(Path(__file__).parent / "documents" / "bad_input.yaml")])[0].plan


def sample(at: float, value: float | None, *, pod: str | None = "a", cap: float | None = 100.0) -> Event:
    """A sample so many seconds behind the start."""
    stamp = START // 1000 + round(at * 1000)
    return {"timestamp": stamp, "payload": {"value": value, "cap": cap}, "context": {"pod": pod}}


def order(at: float, number: int) -> Event:
    """An order of 1.5."""
    return {"timestamp": START // 1000 + round(at * 1000), "payload": {"number": number, "amount": 1.5}, "context": {}}


GOOD: tuple[Timed, ...] = tuple((at, sample(at, v)) for at, v in zip(range(0, 30, 3), range(10, 110, 10), strict=True))


def played(
    events: Sequence[Timed], orders: Sequence[Timed] = (), *, live: bool = True, settle: float = 40.0
) -> Harness:
    """Each event comes in at its second; then it is silent for a while."""
    harness = Harness(plan(), live=live, start=START)
    sent = [(at, "samples", e) for at, e in events] + [(at, "orders", e) for at, e in orders]
    now = 0.0
    for at, block, given in sorted(sent, key=lambda s: s[0]):
        if live and at > now:
            harness.advance(round((at - now) * SECOND))
            now = at
        harness.give(block, given if isinstance(given, bytes) else [given])
    if live:
        harness.advance(round(settle * SECOND))
    else:
        harness.end()
    return harness


@cache
def good() -> dict[str, pl.DataFrame]:
    """All that is published of the good samples alone."""
    harness = played(GOOD)
    return {b: harness.published(b) for b in BLOCKS}


def same(harness: Harness, *, pod: str | None = "a") -> None:
    """What is published of `pod` is what it is without anything bad, but for ids: a record counts where it stands."""
    for block, expected in good().items():
        got = harness.published(block)
        if "pod" in got.columns:
            got = got.filter(pl.col("pod").eq_missing(pod))
        if expected.height or got.height:
            assert_frame_equal(got.drop("_id"), expected.drop("_id"))


def among(*bad: Timed) -> list[Timed]:
    """The good samples with the bad ones in their midst."""
    return sorted([*GOOD, *bad], key=lambda s: s[0])


def source(harness: Harness, block: str = "samples") -> Any:
    """The input at work."""
    return harness.cores["all", "all"].sources[block]


def test_the_good_samples_cross_the_threshold() -> None:
    """What is compared with has a verdict that could change: 0.25 on the first window, 0.65 on the second."""
    assert played(GOOD).published("pods")["state"].to_list() == ["fine", "full"]


def test_an_event_of_the_future_is_quarantined() -> None:
    """An hour ahead of the clock is too much: it would carry event time away from all others."""
    harness = played(among((7, sample(7 + 7200, 9.0))))
    assert [r.reason for r in harness.refused] == [
        "timestamp 2023-11-15T00:13:27+00:00 is more than an hour ahead of this machine's clock"
    ]
    same(harness)


def test_an_event_slightly_ahead_is_believed() -> None:
    """Clocks differ; who is ahead by less than an hour moves event time on, and the rest is late and counted."""
    harness = played(among((7, sample(7 + 1800, 9.0, pod="b"))))
    assert not harness.refused
    assert source(harness).late == len([at for at, _ in GOOD if at > 7])


def test_an_event_of_the_far_past_is_late() -> None:
    """It is counted, and nothing that is closed opens again."""
    harness = played(among((7, sample(-900_000_000, 9.0)), (7, sample(-60 * 365 * 86_400, 9.0))))
    assert source(harness).late == 2
    same(harness)


def test_the_far_past_as_the_first_event_makes_no_windows_up_to_now() -> None:
    """The key it names is forgotten after its time; there are no rows for the fifty years between."""
    harness = played([(0, sample(-1_600_000_000, 9.0, pod="old")), *GOOD])
    old = harness.published("usage").filter(pl.col("pod") == "old")
    assert 0 < old.height <= 24 * 360 + 1
    same(harness)


def test_a_file_from_the_future_is_believed_and_counted() -> None:
    """Files have a time of their own; what comes behind such an event is late."""
    harness = played([*GOOD[:3], (9, sample(9 + 80 * 365 * 86_400, 9.0)), *GOOD[3:]], live=False)
    assert source(harness).ahead == 1
    assert source(harness).late == len(GOOD) - 3


def test_a_clock_that_steps_back_stops_event_time_until_it_has_caught_up() -> None:
    """Nothing that was closed opens again, nothing is published twice, and time goes on by itself in the end."""
    harness = played(GOOD)
    [core] = harness.cores.values()
    now = harness.clock.now()
    for step in range(-3600, 0, 60):
        assert not [i for i in core.on_tick(now + step * SECOND) if isinstance(i, Publish)]
    same(harness)
    assert [i for i in core.on_tick(now + 60 * SECOND) if isinstance(i, Publish) and i.block == "usage"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "-1e999", "nan"])
def test_what_json_cannot_say_is_quarantined(value: str) -> None:
    """NaN and infinity have no form in JSON, and a number beyond every double is none."""
    stamp = START // 1000 + 7000
    line = f'{{"timestamp": {stamp}, "payload": {{"value": {value}, "cap": 100}}, "context": {{"pod": "a"}}}}'
    harness = played(among((7, line.encode())))
    assert len(harness.refused) == 1
    same(harness)


def test_nan_and_infinity_in_columns_are_numbers_with_a_place() -> None:
    """A sum over them is NaN, and NaN is above every threshold: it is seen, never taken for a good value."""
    for value in (math.nan, math.inf):
        harness = Harness(plan(), start=START)
        frame = pl.DataFrame(
            {"_time": [START + SECOND], "_id": [7], "value": [value], "cap": [100.0], "pod": ["a"]},
            schema_overrides={"_time": pl.Datetime("us", "UTC"), "_id": pl.UInt64},
        )
        harness.inject("samples", frame)
        harness.end()
        assert math.isnan(harness.published("usage")["total"][0])
        assert harness.published("pods")["state"].to_list() == ["full"]
        assert harness.published("above")["pod"].to_list() == ["a"]


def test_null_is_a_key_of_its_own_in_groups_and_matches_nothing_in_joins() -> None:
    """As in SQL: GROUP BY has one group of all NULLs, and NULL equals nothing."""
    harness = played(among((7, sample(7, 99.0, pod=None, cap=1.0)), (8, sample(8, 1.0, pod=None, cap=1.0))))
    same(harness)
    nobody = pl.col("pod").is_null()
    assert harness.published("pods").filter(nobody)["state"].to_list() == ["full"]
    assert harness.published("judged").filter(nobody)["above"].to_list() == [None, None]
    assert not harness.published("falls").height


def test_a_repeat_of_a_natural_id_is_dropped_and_counted() -> None:
    """Whenever it comes within `retain`; without `id:` each record is an event of its own."""
    harness = played([], [(at, order(at, number)) for at, number in ((0, 1), (1, 2), (2, 1), (6, 2), (7, 3))])
    assert source(harness, "orders").repeats == 2
    assert harness.published("turnover")["n"].to_list() == [3]
    assert harness.published("turnover")["amount"].to_list() == [4.5]


def test_an_empty_group_has_no_value_and_decides_nothing() -> None:
    """A window of a known key without rows counts 0 and is otherwise NULL; `no_data: hold` keeps the state."""
    harness = played(GOOD, settle=60.0)
    usage, pods = harness.published("usage"), harness.published("pods")
    empty = usage.filter(pl.col("n") == 0)
    assert empty.height >= 3
    assert empty.select(pl.all_horizontal(pl.col("total", "mean", "ratio").is_null()).all()).item()
    assert pods["state"].to_list() == ["fine", "full"]


def test_division_by_zero_is_null_and_decides_nothing() -> None:
    """A cap of 0 gives no ratio: neither `<=` nor `>` is true of it."""
    harness = played([(at, sample(at, 50.0, cap=0.0)) for at in range(0, 30, 3)])
    assert harness.published("usage")["ratio"].null_count() == harness.published("usage").height
    assert harness.published("pods").select("kind", "state").rows() == [("initial", "fine")]


def test_not_a_record_at_all_is_quarantined() -> None:
    """Half a line, the wrong type, a missing timestamp, bytes that are no text: each with its reason."""
    bad = [b'{"timestamp": 17', b'{"timestamp": 1, "payload": {"value": "x"}}', b'{"payload": {}}', b"\xff\xfe", b"[]"]
    harness = played(among(*((7.0, line) for line in bad)))
    assert len(harness.refused) == len(bad)
    assert all(r.reason for r in harness.refused)
    same(harness)
