"""Events that come as Arrow messages: the same rows, ids and drops as the same columns at once, however cut."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.adapters.arrow_bodies import as_arrow
from slac.runtime.durable.journal import Journal
from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.shell.merging import merged
from slac.runtime.source import Source
from slac.shedding.admission import Admission, weight_of
from slac.stream.arrow_body import ArrowBody
from slac.stream.batch import ID, TIME, instants
from slac.stream.ports import Records
from tests.runtime.gates.documents import START, plan_of, source_of

NOW = START + 200_000_000
EVENTS = pl.DataFrame(
    {
        "timestamp": [START // 1000 + i for i in range(200)],
        "service": [f"s{i % 7}" for i in range(200)],
        "ok": [i % 9 > 0 for i in range(200)],
        "latency": [i / 4 for i in range(200)],
    }
)


def body(frame: pl.DataFrame) -> ArrowBody:
    """What an input makes of one message."""
    written = io.BytesIO()
    frame.write_ipc_stream(written)
    return as_arrow(written.getvalue(), 1 << 23)


def records(frame: pl.DataFrame, *, arrow: bool = True) -> Records:
    """The events, as a message or as columns."""
    if arrow:
        return Records(source="web-1", arrival=NOW, arrow=body(frame))
    return Records(source="web-1", arrival=NOW, frame=frame)


def taken(source: Source, pieces: list[Records]) -> pl.DataFrame:
    """All rows."""
    rows = [b.frame for p in pieces for b in source.take(p).batches]
    return pl.concat(rows) if rows else pl.DataFrame()


def source(*, drops: bool) -> Source:
    """One that drops half unread, or none."""
    made = Source(source_of(plan_of()), document="service", now=NOW, live=True)
    if drops:
        made.gate.set_admission(0.5, "cpu", {}, admission=Admission(unread=weight_of(0.5)))
    return made


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 199), max_size=5), merge=st.booleans(), drops=st.booleans())
def test_rows_do_not_depend_on_messages(cuts: list[int], merge: bool, drops: bool) -> None:  # noqa: FBT001
    """Cut anywhere, joined by the queue or not, thinned or not."""
    edges = sorted({0, 200, *cuts})
    pieces = [records(EVENTS[a:b]) for a, b in pairwise(edges)]
    whole, cut = source(drops=drops), source(drops=drops)
    expected = taken(whole, [records(EVENTS, arrow=False)])
    assert_frame_equal(taken(cut, merged(pieces) if merge else pieces), expected)
    assert cut.gate.counts == whole.gate.counts
    assert cut.snapshot() == whole.snapshot()


def test_the_queue_joins_messages_of_one_schema() -> None:
    """One call decodes them."""
    other = EVENTS.with_columns(pl.col("latency").cast(pl.Float32))
    found = merged([records(EVENTS[:10]), records(EVENTS[10:20]), records(other[:5]), records(EVENTS[20:30])])
    assert [r.arrow.height for r in found if r.arrow is not None] == [20, 5, 10]


def test_what_cannot_be_read_is_quarantined_by_row() -> None:
    """With the reason; its neighbours count, under the ids that they have."""
    fine = body(EVENTS[100:])
    torn = ArrowBody(
        schema=fine.schema,
        batches=(fine.batches[0][:200], *fine.batches),
        rows=(100, *fine.rows),
        unpacked=2 * fine.unpacked,
    )
    made = source(drops=False).take(Records(source="web-1", arrival=NOW, arrow=torn))
    assert [q.index for q in made.quarantined] == list(range(100))
    assert made.quarantined[0].reason.startswith("no Arrow: ")
    expected = taken(source(drops=False), [records(EVENTS)])[100:]
    (rows,) = made.batches
    assert_frame_equal(rows.frame, expected)


def test_a_journal_keeps_messages_as_they_came(tmp_path: Path) -> None:
    """Not decoded on the way in, and the same on the way out."""
    segments = SegmentFiles(tmp_path)
    journal = Journal(segments, 1 << 20)
    assert not list(journal.replay(0))
    given_records = records(EVENTS)
    assert journal.append([given_records]) == 1
    (found,) = Journal(SegmentFiles(tmp_path), 1 << 20).replay(0)
    assert (found.arrow, found.frame, found.ndjson) == (given_records.arrow, None, None)


@settings(max_examples=20, deadline=None)
@given(swaps=st.lists(st.integers(0, 198), max_size=2), drops=st.booleans())
def test_rows_are_said_to_be_in_order_only_where_they_are(swaps: list[int], drops: bool) -> None:  # noqa: FBT001
    """What is said of a batch is true; of all rows in the order of time it is said."""
    rows = list(range(200))
    for place in swaps:
        rows[place], rows[place + 1] = rows[place + 1], rows[place]
    batches = source(drops=drops).take(records(EVENTS[rows])).batches
    said = [b.ordered for b in batches]
    stand = [b.frame.equals(b.frame.sort(TIME, ID)) for b in batches]
    assert all(stands for says, stands in zip(said, stand, strict=True) if says)
    assert swaps or drops or all(said)
    assert all(b.lowest == instants(b.frame).min() for b in batches)
