"""Reading several blocks as one stream."""

from __future__ import annotations

import polars as pl

from slac.plan.nodes import UnionNode
from slac.runtime.operators.union import UnionOperator
from slac.stream.batch import DEPTH, ID, TIME, WEIGHT, Batch
from slac.stream.types import Field, Int, Schema
from tests.runtime.operators.driving import CONTEXT, events


def test_rows_have_the_shared_columns_and_their_blocks_depth() -> None:
    """Each port adds its depth, an earlier union's is replaced, and late rows stay late."""
    node = UnionNode(
        id="u", block="u", node="edge", inputs=("a", "b"), depths=(3, 1), schema=Schema((Field("x", Int()),))
    )
    operator = UnionOperator(node, CONTEXT)
    first = events([{TIME: 1, "x": 1, "y": 2}], {"x": pl.Int64(), "y": pl.Int64()})
    second = first.select(pl.lit(9, pl.UInt16).alias(DEPTH), "x", TIME, ID, pl.lit(1, pl.UInt64).alias(WEIGHT))

    (plain,) = operator.on_batch(0, Batch(first))
    (late,) = operator.on_batch(1, Batch(second, late=True))

    assert plain.frame.columns == [TIME, DEPTH, ID, "x"]
    assert plain.frame[DEPTH].to_list() == [3]
    assert late.frame.columns == [TIME, DEPTH, ID, WEIGHT, "x"]
    assert late.frame[DEPTH].to_list() == [1]
    assert late.late
    assert not plain.late
