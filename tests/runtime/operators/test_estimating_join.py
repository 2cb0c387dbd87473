"""Joins and unions of estimates: the bounds of either side stand beside the row, by the names that it has there."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.plan.nodes import IntervalJoinNode, LatestJoinNode, UnionNode
from slac.plan.signatures import FLOAT, STRING
from slac.runtime.operators.build import build_operator
from slac.stream.batch import BOUNDS, ID, TIME, UNDECIDED, Batch
from slac.stream.types import Field, Schema
from tests.runtime.operators.driving import CONTEXT, events

TYPES: dict[str, Any] = {"k": pl.String(), "x": pl.Float64()}
OUT = Schema((Field("k", STRING), Field("x", FLOAT), Field("r.x", FLOAT)))
COMMON: dict[str, Any] = {"block": "j", "node": "central", "alias": "r", "by": ("k",), "right_columns": ("x",)}
JOINS = (
    LatestJoinNode(id="j", inputs=("a", "b"), schema=OUT, retain=1000, **COMMON),
    IntervalJoinNode(id="j", inputs=("a", "b"), schema=OUT, before=50, limit=9, **COMMON),
)


def side(time: int, x: float, bounds: tuple[float, float] | None = None, **more: Any) -> pl.DataFrame:
    """One row, perhaps an estimate."""
    frame = events([{TIME: time, ID: time, "k": "a", "x": x}], TYPES)
    if bounds is not None:
        frame = frame.with_columns(pl.Series(BOUNDS, [dict(zip(("x_low", "x_high"), bounds, strict=True))]))
    return frame.with_columns(pl.lit(v).alias(n) for n, v in more.items())


def joined(node: LatestJoinNode | IntervalJoinNode, *steps: tuple[int, pl.DataFrame], restart: bool) -> pl.DataFrame:
    """What a join makes of rows at its ports, one after the other."""
    operator, out = build_operator(node, CONTEXT), []
    for port, frame in steps:
        out += list(operator.on_batch(port, Batch(frame)))
        if restart:
            state, operator = operator.snapshot(), build_operator(node, CONTEXT)
            operator.restore(state)
        at = frame[TIME].cast(pl.Int64)[0]
        due = operator.next_due()
        out += list(operator.on_watermark(at)) if due is not None and due <= at else []
    out += list(operator.on_watermark(1 << 40, end=True))
    return pl.concat([b.frame for b in out], how="diagonal").sort(TIME)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("node", JOINS)
def test_bounds_of_both_sides_stand_beside_the_row(node: LatestJoinNode | IntervalJoinNode, *, restart: bool) -> None:
    """Also where the first rows of both sides were exact."""
    steps = [
        (1, side(1, 1.0)),
        (0, side(2, 2.0)),
        (1, side(101, 3.0, (2.0, 4.0))),
        (0, side(102, 4.0)),
        (1, side(201, 5.0)),
        (0, side(202, 6.0, (5.0, 7.0))),
        (1, side(301, 7.0, (6.0, 8.0), **{UNDECIDED: True})),
        (0, side(302, 8.0, (7.0, 9.0))),
    ]
    found = joined(node, *steps, restart=restart)
    assert found.select("x", "r.x").rows() == [(2.0, 1.0), (4.0, 3.0), (6.0, 5.0), (8.0, 7.0)]
    names = [f"{name}_{end}" for name in ("x", "r.x") for end in ("low", "high")]
    told = found[BOUNDS].struct.unnest().select(names).rows()
    assert found[BOUNDS].is_null().to_list() == [True, False, False, False]
    assert told[1:] == [(4.0, 4.0, 2.0, 4.0), (5.0, 7.0, 5.0, 5.0), (7.0, 9.0, 6.0, 8.0)]
    assert found[UNDECIDED].fill_null(value=False).to_list() == [False, False, False, True]


def test_rows_of_several_streams_stand_in_one_column() -> None:
    """Each stream knows of other columns; the union has fields for all that they share."""
    schema = Schema((Field("k", STRING), Field("x", FLOAT)))
    union = build_operator(
        UnionNode(id="u", block="u", node="central", inputs=("a", "b"), schema=schema, depths=(1, 2)), CONTEXT
    )
    other = side(2, 2.0).with_columns(pl.Series(BOUNDS, [{"k_undecided": True, "gone_low": 1.0}]))

    both = [b.frame for port, f in enumerate((side(1, 1.0, (0.0, 2.0)), other)) for b in union.on_batch(port, Batch(f))]
    rows = pl.concat(both)[BOUNDS].struct.unnest().select("k_undecided", "x_low", "x_high").rows()
    assert rows == [(False, 0.0, 2.0), (True, 2.0, 2.0)]
