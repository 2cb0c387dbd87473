"""Absence: silence raised and resolved; one process against edges and a centre; any slicing, any restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.nodes import AbsenceNode, Role
from slac.plan.reports import violation_schema
from slac.runtime.operator import BEGINNING, OperatorContext
from slac.runtime.operators.absence import AbsenceOperator
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, Batch
from slac.stream.types import Field, Schema, String
from tests.runtime.operators.auditing import MINUTE, batch, told
from tests.runtime.operators.driving import Driver, cut, events

SILENCE = 10
RETAIN = 30
SAID = ("k", "kind", "since")
KEYS: dict[str, Any] = {"k": pl.String()}


def absence_node(
    *, keyed: bool, role: Role = "whole", silence: int = SILENCE, retain: int = RETAIN, repeat: int | None = None
) -> AbsenceNode:
    """Silence of a stream, or by `k`."""
    keys = (Field("k", String()),) if keyed else ()
    return AbsenceNode(
        id="silent",
        block="silent",
        node="central",
        role=role,
        schema=Schema(keys) if role == "partial" else violation_schema(keys, silence=True),
        keys=("k",) if keyed else (),
        silence=silence,
        repeat_every=repeat,
        severity="critical",
        message="nothing from {k}",
        retain=retain,
    )


def absence(*, keyed: bool = False, start: int | None = None, role: Role = "whole", **times: Any) -> Driver:
    """The absence at work."""
    node = absence_node(keyed=keyed, role=role, **times)
    return Driver(lambda: build_operator(node, OperatorContext(document="doc", start=start)))


def rows(values: Sequence[tuple[int, str]]) -> pl.DataFrame:
    """Rows of (time, key)."""
    return events([{TIME: t, "k": k} for t, k in values], KEYS)


def test_the_papers_alarm_rises_after_five_minutes_without_any_test_event() -> None:
    """Once, at the instant when it fell due, and it resolves with the next event."""
    driver = absence(silence=5 * MINUTE, retain=24 * 60 * MINUTE)
    driver.give(batch(rows([(0, "a"), (4 * MINUTE, "b"), (20 * MINUTE, "a")])))
    driver.advance(20 * MINUTE + 1)

    assert told(driver.out, "kind", "since", "severity") == [
        (9 * MINUTE, "raised", 9 * MINUTE, "critical"),
        (20 * MINUTE, "resolved", 9 * MINUTE, "critical"),
    ]


def test_it_rises_when_the_watermark_reaches_the_instant() -> None:
    """Not before, and once only."""
    driver = absence()
    driver.give(batch(rows([(0, "a")])))
    said = [len(driver.advance(w)) for w in (1, 9, 10, 11, 500)]

    assert said == [0, 0, 1, 0, 0]


def test_a_row_at_the_very_instant_does_not_prevent_it() -> None:
    """What was raised stands before what resolves it."""
    driver = absence()
    driver.give(batch(rows([(0, "a"), (10, "a"), (19, "a")])))
    driver.advance(28)

    assert told(driver.out, "kind", "since") == [(10, "raised", 10), (10, "resolved", 10)]


def test_silence_begins_with_the_start_of_a_live_run() -> None:
    """No row has ever come: the anchor is the start, and a restart does not move it."""
    driver = absence(start=100)
    driver.restart()
    driver.advance(110)

    assert told(driver.out, "kind") == [(110, "raised")]


def test_without_a_start_the_first_row_is_the_anchor() -> None:
    """A recording has no silence before it begins."""
    driver = absence()

    assert driver.operator.next_due() is None


def test_what_is_raised_is_told_again() -> None:
    """So long after it was raised, and after each stay; a row comes before a stay of its instant."""
    driver = absence(keyed=True, repeat=7)
    driver.give(batch(rows([(0, "a"), (24, "a"), (33, "b"), (60, "b")])))
    driver.advance(61)

    assert told(driver.out, "k", "kind", "since", "reason") == [
        (10, "a", "raised", 10, "stream_silent"),
        (17, "a", "stay", 10, "stream_silent"),
        (24, "a", "resolved", 10, "back"),
        (34, "a", "raised", 34, "key_silent"),
        (41, "a", "stay", 34, "key_silent"),
        (43, "b", "raised", 43, "stream_silent"),
        (48, "a", "stay", 34, "key_silent"),
        (50, "b", "stay", 43, "stream_silent"),
        (54, "a", "resolved", 34, "forgotten"),
        (57, "b", "stay", 43, "stream_silent"),
        (60, "b", "resolved", 43, "back"),
    ]
    assert driver.out[0]["violation"].n_unique() == 3


def test_a_stay_is_told_when_no_row_of_its_instant_can_come() -> None:
    """And the next one is awaited; at the end of a file none is behind its last row."""
    driver = absence(repeat=5)
    driver.give(batch(rows([(0, "a")])))
    said = [told(driver.advance(w), "kind") for w in (10, 15, 16, 21)]
    driver.restart()
    driver.advance(100, end=True)

    assert said == [[(10, "raised")], [], [(15, "stay")], [(20, "stay")]]
    assert len(driver.out) == 3


def test_a_key_begins_with_its_first_row() -> None:
    """Keys have no other anchor, and are named in the message."""
    driver = absence(keyed=True, start=0)
    driver.give(batch(rows([(50, "a"), (55, "b"), (60, "b")])))
    driver.advance(61)

    assert told(driver.out, "k", "kind", "message") == [(60, "a", "raised", "nothing from a")]


def test_a_key_is_forgotten_in_silence() -> None:
    """After `retain` it is resolved for that reason, and its next row resolves nothing."""
    driver = absence(keyed=True)
    driver.give(batch(rows([(0, "a"), (31, "a")])))
    driver.advance(32)

    assert told(driver.out, *SAID, "reason") == [
        (10, "a", "raised", 10, "stream_silent"),
        (30, "a", "resolved", 10, "forgotten"),
    ]
    driver.advance(1000)
    assert told(driver.out, "kind", "reason")[2:] == [(41, "raised", "stream_silent"), (61, "resolved", "forgotten")]
    assert driver.operator.statistics()["keys"] == 0
    assert driver.operator.next_due() is None


def test_a_dead_stream_a_dead_key_and_a_late_one_are_told_apart() -> None:
    """By `reason`: nothing came at all, others came; it came back, it had come late, it never came back."""
    driver = absence(keyed=True)
    driver.give(batch(rows([(0, "a"), (0, "b"), (5, "b"), (12, "b"), (14, "a")])))
    driver.advance(30)
    driver.give([late(rows([(21, "b"), (3, "a"), (25, "c")]), met=30)])
    driver.advance(31)
    driver.restart()
    driver.advance(100)

    columns = ("k", "kind", "reason", "since", "last_seen")
    assert told(driver.out, *columns) == [
        (10, "a", "raised", "key_silent", 10, 0),
        (14, "a", "resolved", "back", 10, 0),
        (22, "b", "raised", "key_silent", 22, 12),
        (24, "a", "raised", "stream_silent", 24, 14),
        (30, "b", "resolved", "late", 22, 21),
        (31, "b", "raised", "stream_silent", 31, 21),
        (44, "a", "resolved", "forgotten", 24, 14),
        (51, "b", "resolved", "forgotten", 31, 21),
    ]


def test_an_episode_has_one_id_and_the_labels() -> None:
    """`violation` is the id of the row that raised it."""
    driver = absence()
    driver.give(batch(rows([(0, "a"), (30, "a"), (70, "a")])))
    driver.advance(71)

    frame = pl.concat(driver.out)
    ids = [f"{i:016x}" for i in frame[ID]]
    assert frame["violation"].to_list() == [ids[0], ids[0], ids[2], ids[2]]


def late(frame: pl.DataFrame, met: int) -> Batch:
    """Rows that came when the watermark was at `met`."""
    return Batch(frame.with_columns(pl.lit(met, pl.Int64).alias(ARRIVAL_WATERMARK)), late=True)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["a", "b"])), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 24), st.integers(1, 25), st.integers(0, 9)), max_size=8),
    st.lists(st.integers(1, 8), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_late_rows_say_the_same_in_any_slicing(
    gaps: list[tuple[int, str]], behind: list[tuple[int, int, int]], sizes: list[int], restarts: list[bool]
) -> None:
    """At the watermark that each has met, whatever else is in the batch; edges pass them on."""
    frame = rows([(t, k) for t, k, _ in accumulated([(g, k, 0) for g, k in gaps])])
    times = frame[TIME].to_physical().to_list()
    plans = sorted((times[n % len(times)] + wait, back) for n, back, wait in behind)

    def run(pieces: list[int], stops: list[bool], *, split: bool) -> list[tuple[Any, ...]]:
        edge, driver = (
            absence(keyed=True, role="partial"),
            absence(keyed=True, role="final" if split else "whole", repeat=3),
        )
        waiting = list(plans)
        for step, piece in enumerate([*cut(frame, pieces), None]):
            until = 500 if piece is None else int(piece[TIME].to_physical()[-1])
            tardy = [p for p in waiting if p[0] < until]
            waiting = waiting[len(tardy) :]
            if split:
                edge.out = []
                edge.give([late(rows([(met - back, "a")]), met) for met, back in tardy])
                edge.give([] if piece is None else batch(piece))
                edge.advance(until)
                for said in edge.out:
                    driver.give([Batch(said, late=ARRIVAL_WATERMARK in said.columns)])
            else:
                driver.give([late(rows([(met - back, "a")]), met) for met, back in tardy])
                driver.give([] if piece is None else batch(piece))
            driver.advance(until)
            if stops[step % len(stops)]:
                driver.restart()
        return told(driver.out, ID, *SAID, "reason", "last_seen")

    whole = run([1000], [False], split=False)
    assert run(sizes, restarts, split=False) == whole
    assert run(sizes, restarts, split=True) == whole


def test_the_end_of_a_file_is_not_silence() -> None:
    """Behind the last row of the stream nothing is raised; a gap between rows is one whatever the watermark was."""
    driver = absence(keyed=True)
    driver.give(batch(rows([(0, "a"), (15, "b")])))
    driver.advance(500, end=True)

    assert told(driver.out, *SAID) == [(10, "a", "raised", 10)]


def test_late_rows_are_counted_only() -> None:
    """They would not cross a link either."""
    driver = absence()
    driver.give([Batch(rows([(0, "a")]), late=True)])

    assert (driver.operator.statistics()["late"], driver.operator.next_due()) == (1, None)


@dataclass
class Edge:
    """A partial with its part of the rows, and how far it has told the centre."""

    driver: Driver
    pieces: list[pl.DataFrame]
    promised: int = BEGINNING
    sent: int = 0

    def step(self, final: Driver, *, restart: bool) -> None:
        """The next slice, and everything that the edge promises by it: no row may be behind an earlier promise."""
        if not self.pieces:
            self.promise(final, 200)
            return
        piece = self.pieces.pop(0)
        self.driver.give(batch(piece))
        if restart:
            self.driver.restart()
        self.promise(final, int(piece[TIME].to_physical()[-1]))

    def promise(self, final: Driver, watermark: int) -> None:
        """Advance, send, promise."""
        for frame in self.driver.advance(watermark):
            assert frame[TIME].to_physical().min() >= self.promised  # type: ignore[operator]
            self.sent += frame.height
            final.give([Batch(frame)])
        self.promised = max(self.promised, self.driver.operator.output_watermark(watermark))


@dataclass
class Fleet:
    """Edges and a centre, and how late any alarm was."""

    edges: list[Edge]
    final: Driver
    told: list[tuple[Any, ...]] = field(default_factory=list)

    def run(self, restarts: list[bool]) -> None:
        """All slices in turn, then far ahead."""
        for step in range(max(len(e.pieces) for e in self.edges) + 1):
            for edge in self.edges:
                edge.step(self.final, restart=restarts[step % len(restarts)])
            lowest = min(e.promised for e in self.edges)
            if restarts[(step + 1) % len(restarts)]:
                self.final.restart()
            self.final.advance(lowest)


times = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["a", "b"]), st.integers(0, 2)), max_size=40)
slices = st.lists(st.integers(1, 8), min_size=1, max_size=4)
flags = st.lists(st.booleans(), min_size=1, max_size=4)


def accumulated(gaps: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """Instants instead of distances, so that gaps are often exactly the silence."""
    now, found = 0, []
    for gap, key, edge in gaps:
        now += gap
        found.append((now, key, edge))
    return found


@pytest.mark.parametrize("keyed", [True, False])
@given(times, slices, flags)
def test_edges_and_a_centre_say_what_one_process_says(
    keyed: bool,  # noqa: FBT001
    gaps: list[tuple[int, str, int]],
    sizes: list[int],
    restarts: list[bool],
) -> None:
    """Whole equals final behind partials: any partition, any slicing, restarts on both sides; ids too."""
    all_rows = accumulated(gaps)
    whole = absence(keyed=keyed, repeat=4)
    whole.give(batch(rows([(t, k) for t, k, _ in all_rows])))
    end = 200 if not all_rows else max(200, all_rows[-1][0])
    whole.advance(end)

    parts = [rows([(t, k) for t, k, e in all_rows if e == edge]) for edge in range(3)]
    edges = [Edge(absence(keyed=keyed, role="partial"), list(cut(p, sizes))) for p in parts]
    fleet = Fleet(edges, absence(keyed=keyed, role="final", repeat=4))
    fleet.run(restarts)
    for edge in edges:
        edge.promise(fleet.final, end)
    fleet.final.advance(end)

    columns = (ID, *SAID, "reason", "last_seen") if keyed else (ID, "kind", "since", "reason", "last_seen")
    assert told(fleet.final.out, *columns) == told(whole.out, *columns)


@given(times, slices, flags, st.integers(0, 12))
def test_slices_and_restarts_change_nothing(
    gaps: list[tuple[int, str, int]], sizes: list[int], restarts: list[bool], start: int
) -> None:
    """Against a definition in plain Python: the neighbours of each key that are `silence` or more apart."""
    frame = rows([(t, k) for t, k, _ in accumulated(gaps)])
    driver = absence(start=start)
    for step, piece in enumerate(cut(frame, sizes)):
        driver.give(batch(piece))
        driver.advance(int(piece[TIME].to_physical()[-1]))
        if restarts[step % len(restarts)]:
            driver.restart()
    driver.advance(1000)

    instants = [start, *(t for t in frame[TIME].to_physical()), 10**6]
    meant = []
    latest = start
    for instant in instants[1:]:
        if instant - latest >= SILENCE:
            meant.append((latest + SILENCE, "raised"))
            meant += [(instant, "resolved")] if instant < 10**6 else []
        latest = max(latest, instant)
    assert told(driver.out, "kind") == meant


def test_a_partial_thins_a_busy_stream() -> None:
    """Two rows a bucket of half the silence and key, however many there were."""
    driver = absence(keyed=True, role="partial", silence=1000)
    driver.give(batch(rows([(t, "a") for t in range(0, 2000, 2)])))
    driver.advance(2000)

    assert [t for (t,) in told(driver.out)] == [0, 498, 500, 998, 1000, 1498, 1500, 1998]
    assert driver.operator.statistics()["keys"] == 0


def test_the_class_of_the_partial_follows_the_role() -> None:
    """A partial raises nothing itself."""
    assert not isinstance(absence(role="partial").operator, AbsenceOperator)
    assert isinstance(absence(role="final").operator, AbsenceOperator)
