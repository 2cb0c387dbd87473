"""`late: side`: each row that a window drops comes out beside it once, on time by the watermark that it met."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall
from slac.plan.nodes import LateNode, WindowSpec
from slac.runtime.operators.build import build_operator
from slac.runtime.operators.late import LateOperator
from slac.stream.batch import ARRIVAL_WATERMARK, REVISION, TIME, Batch
from slac.stream.types import Field, Float, Schema, String, Timestamp
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events
from tests.runtime.operators.per_row import CALLS, ROWS, SCHEMA, SIZES, node

SPECS = {
    "tumbling": WindowSpec(kind="tumbling", size=7, every=7),
    "hopping": WindowSpec(kind="hopping", size=12, every=4),
    "session": WindowSpec(kind="session", size=5),
    "sliding": WindowSpec(kind="sliding", size=5),
    "running": WindowSpec(kind="running"),
}


RATE = AggregateCall(name="rate", function="rate", args=CALLS[1].args, dtype=CALLS[1].dtype)
CASES = [*((kind, CALLS[0]) for kind in SPECS), ("tumbling", RATE), ("hopping", RATE)]


def late(spec: WindowSpec, *, in_order: bool = False) -> LateNode:
    """The late rows of a window over rows of `k` and `x`."""
    fields = (Field("k", String()), Field("x", Float()), Field("event_time", Timestamp()))
    return LateNode(id="b.late", block="b", node="", schema=Schema(fields), window=spec, in_order=in_order)


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize(("kind", "call"), CASES)
@given(frame=ROWS, lateness=st.integers(0, 8), sizes=SIZES)
def test_what_a_window_drops_comes_out_once(
    kind: str, call: AggregateCall, frame: pl.DataFrame, lateness: int, sizes: list[int]
) -> None:
    """In any slicing; not before the watermark that has been promised; and the window has all other rows."""
    spec = SPECS[kind]
    beside = late(spec, in_order=call is RATE)
    side = Driver(lambda: LateOperator(beside, CONTEXT))
    window = Driver(lambda: build_operator(node(spec, [call]), CONTEXT))
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        promised, said = arrivals.watermark, len(side.out)
        batches = list(arrivals.take(piece))
        side.give(batches)
        window.give(batches)
        assert all(int(f[TIME].cast(pl.Int64).min()) >= promised for f in side.out[said:])  # type: ignore[arg-type]
        side.restart()
        window.advance(arrivals.watermark)
    whole = Driver(lambda: LateOperator(beside, CONTEXT))
    whole.give(Arrivals(lateness).take(frame))
    told, at_once = (pl.concat(d.out) if d.out else pl.DataFrame() for d in (side, whole))

    assert told.sort("_id").equals(at_once.sort("_id")) if told.height else not at_once.height
    missed = window.operator.statistics()["late"]
    assert told.height == missed if kind != "hopping" or call is RATE else (told.height <= missed <= 3 * told.height)
    assert not told.height or told["_id"].is_unique().all()


def test_a_row_keeps_its_columns_and_says_its_own_time() -> None:
    """Its time is the watermark that it met; what is said again is not late."""
    frame = events([{TIME: 3, "k": "a", "x": 1.5}, {TIME: 4, "k": "b", "x": 2.5}], SCHEMA).with_columns(
        pl.lit(20, pl.Int64).alias(ARRIVAL_WATERMARK), pl.Series(REVISION, [None, 1], dtype=pl.Int64)
    )
    (said,) = LateOperator(late(SPECS["tumbling"]), CONTEXT).on_batch(0, Batch(frame, late=True))

    assert not said.late
    found = said.frame.with_columns(pl.col(TIME, "event_time").cast(pl.Int64))
    assert found.select(TIME, "k", "x", "event_time").rows() == [(20, "a", 1.5, 3)]
