"""Late rows cross a link in the place of the watermark that they met, once, however often messages are repeated."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import LinkInNode, LinkOutNode
from slac.runtime.instructions import Instruction, Send
from slac.runtime.links.inlet import Inlet
from slac.runtime.rim import LinkOutOperator
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME
from slac.stream.types import Schema
from tests.runtime.operators.driving import Arrivals, cut, events

OUT = LinkOutNode(id="s.out.c", block="s", node="edge", schema=Schema(), stream="s", to="central")
IN = LinkInNode(id="s.in.e", block="s", node="central", schema=Schema(), stream="s", origin="edge", hold=60_000_000)
TIMES = st.lists(st.integers(0, 30), min_size=1, max_size=15)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(TIMES, st.integers(0, 10), SIZES, st.sampled_from((1, 2)))
def test_late_rows_cross_once_with_what_they_met(
    times: list[int],
    lateness: int,
    sizes: list[int],
    times_sent: int,
) -> None:
    """Rows on time arrive on time, late ones as late batches with the `_wm` that they had; repeats are dropped."""
    frame = events([{TIME: t} for t in times], {})
    sent: list[Instruction] = []
    sender, receiver = LinkOutOperator(OUT, sent), Inlet(IN, now=0, live=True)
    arrivals = Arrivals(lateness)
    expected: dict[int, int | None] = {}
    for piece in cut(frame, sizes):
        for batch in arrivals.take(piece):
            sender.on_batch(0, batch)
            met = batch.frame[ARRIVAL_WATERMARK].to_list() if batch.late else [None] * batch.height
            expected |= dict(zip(batch.frame[ID].to_list(), met, strict=True))
        sender.on_watermark(arrivals.watermark)
    sender.on_watermark(1000)
    found: dict[int, int | None] = {}
    for message in sent:
        assert isinstance(message, Send)
        for _ in range(times_sent):
            mark = message.watermark
            for batch in receiver.accept("a", message.frame, watermark=mark, ended=False, real=None, now=0):
                assert batch.late == (ARRIVAL_WATERMARK in batch.frame.columns)
                met = batch.frame[ARRIVAL_WATERMARK].to_list() if batch.late else [None] * batch.height
                assert not set(found) & set(batch.frame[ID])
                found |= dict(zip(batch.frame[ID].to_list(), met, strict=True))

    assert found == expected


def test_a_restarted_sender_still_has_its_late_rows() -> None:
    """They wait in its snapshot like all others."""
    sent: list[Instruction] = []
    sender = LinkOutOperator(OUT, [])
    late = events([{TIME: 5}], {}).with_columns(pl.lit(20, pl.Int64).alias(ARRIVAL_WATERMARK))
    for batch in Arrivals(0, 20).take(late.drop(ARRIVAL_WATERMARK)):
        sender.on_batch(0, batch)
    restarted = LinkOutOperator(OUT, sent)
    restarted.restore(sender.snapshot())
    restarted.on_watermark(20)
    restarted.on_watermark(21)

    assert [m.frame.height if isinstance(m, Send) and m.frame is not None else 0 for m in sent] == [0, 1]
