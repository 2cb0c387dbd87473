"""The receiving end of a stream: once each, under one watermark."""

import polars as pl

from slac.plan.nodes import LinkInNode
from slac.runtime.gates.told import EVER, Told, to_text
from slac.runtime.links.inlet import FORGET, Inlet
from slac.runtime.operator import BEGINNING
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, TIME_TYPE, WEIGHT_ONE
from slac.stream.types import Schema

SECOND = 1_000_000
NODE = LinkInNode(
    id="s.in.edge", block="s", node="central", schema=Schema(), stream="s", origin="edge", hold=60 * SECOND
)


def rows(*seconds: int) -> pl.DataFrame:
    """Rows at these instants, which are their ids too."""
    times = pl.Series(TIME, [s * SECOND for s in seconds], dtype=pl.Int64).cast(TIME_TYPE)
    return pl.DataFrame([times, pl.Series(ID, seconds, dtype=pl.UInt64)])


def inlet(expect: int = 0, *, live: bool = True) -> Inlet:
    """A fresh receiving end."""
    return Inlet(NODE, now=0, live=live, expect=expect)


def give(
    to: Inlet, peer: str, frame: pl.DataFrame | None, mark: int, now: int = 0, *, ended: bool = False
) -> list[int]:
    """One message; returns the ids of the rows that were accepted on time."""
    batches = to.accept(peer, frame, watermark=mark * SECOND, ended=ended, real=None, now=now * SECOND)
    return [i for b in batches if not b.late for i in b.frame[ID].to_list()]


def test_gates_of_an_instance_that_is_forgotten_are_forgotten_with_it() -> None:
    """What it dropped last would be doubted for ever; a replay is told at the same place."""
    end, text = inlet(), to_text({"calls": Told(unread=((0, EVER, 2 * WEIGHT_ONE),))})
    end.accept("a", None, watermark=SECOND, ended=False, real=None, now=0, gates=text)
    give(end, "b", rows(1), 2)
    assert end.elsewhere.told()
    assert {p.peer: p.gates for p in end.take_moved()} == {"a": text, "b": ""}

    for now in range(30 * SECOND, NODE.hold + FORGET + SECOND, 30 * SECOND):
        end.hear("b", now)
        end.watermark(now)
    end.watermark(NODE.hold + FORGET + SECOND)
    assert not end.elsewhere.told()
    assert [(p.peer, p.gates, p.forgotten) for p in end.take_moved()] == [("a", "", True)]
    after = inlet()
    after.restore(end.snapshot(), 0)
    assert after.elsewhere.said == end.elsewhere.said == {"b": ""}


def test_a_message_that_comes_again_is_dropped() -> None:
    """A sender that restarted repeats what lies below the accepted watermark, cut differently."""
    end = inlet()

    assert give(end, "a", rows(1, 2), 3) == [1, 2]
    assert give(end, "a", rows(1, 2, 3, 4), 5) == [3, 4]
    assert end.repeated == 2


def test_the_watermark_is_the_lowest_of_all() -> None:
    """Nobody is left behind."""
    end = inlet()
    give(end, "a", None, 10)
    give(end, "b", None, 7)

    assert end.watermark(0) == 7 * SECOND


def test_time_does_not_begin_before_all_expected_have_joined() -> None:
    """With `expect`, an early instance cannot close windows on a late one."""
    end = inlet(expect=2)
    give(end, "a", None, 10)
    assert end.watermark(0) == BEGINNING

    give(end, "b", None, 7)
    assert end.watermark(0) == 7 * SECOND


def test_a_silent_peer_holds_for_hold_and_no_longer() -> None:
    """After `hold` the watermark follows the clock, trailing by `hold`, and what comes later is late."""
    end = inlet()
    give(end, "a", None, 100, now=100)
    assert end.watermark(159 * SECOND) == 100 * SECOND

    assert end.watermark(180 * SECOND) == 120 * SECOND

    assert give(end, "a", rows(110, 130), 131, now=181) == [130]
    assert end.late == 1


def test_no_peer_at_all_is_silence_too() -> None:
    """A central runtime whose edges never come must still notice."""
    end = inlet()
    assert end.watermark(59 * SECOND) == BEGINNING

    assert end.watermark(70 * SECOND) == 10 * SECOND


def test_ended_peers_end_the_stream_only_when_all_have() -> None:
    """A file that ended on one edge does not hold the others back."""
    end = inlet(expect=2, live=False)
    give(end, "a", rows(1), 60, ended=True)
    give(end, "b", rows(2), 3)
    assert not end.ended
    assert end.watermark(0) == 3 * SECOND

    give(end, "b", None, 60, ended=True)
    assert (end.ended, end.real) == (True, 60 * SECOND)


def test_a_snapshot_keeps_what_was_accepted() -> None:
    """After a restart repeats are still recognised."""
    end = inlet()
    give(end, "a", rows(1, 2), 3)
    again = inlet()
    again.restore(end.snapshot(), now=0)

    assert give(again, "a", rows(1, 2, 3), 4) == [3]
    assert again.join("a", 0) == 4 * SECOND


def test_a_late_row_stands_behind_what_was_promised_here() -> None:
    """Its sender was away for longer than `hold`: on the next link it must not lie below what has crossed."""
    end = inlet()
    give(end, "a", rows(1), 2)
    promised = end.watermark(100 * SECOND)
    late = rows(3).with_columns(pl.lit(20 * SECOND).alias(ARRIVAL_WATERMARK))

    (batch,) = end.accept("a", late, watermark=30 * SECOND, ended=False, real=None, now=101 * SECOND)

    assert batch.late
    assert batch.frame[ARRIVAL_WATERMARK].to_list() == [promised] == [40 * SECOND]
