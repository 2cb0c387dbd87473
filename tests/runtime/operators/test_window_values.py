"""What closed windows say is what the expressions of their aggregates give, with a query or without."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from slac.plan.aggregates import final_exprs, partials
from slac.plan.expressions import AggregateCall, Call, Column, Literal, NamedExpr
from slac.plan.lowering import lower
from slac.runtime.operators.window_values import WindowValues
from slac.stream.batch import KEPT, SEEN
from slac.stream.types import Duration, Float, Int, String
from tests.runtime.operators.test_window_partials import CALLS, ENDS, NUMBER, WAITED, WHOLE, frames

MORE = (
    AggregateCall(name="_c0", function="sum", args=(WHOLE,), dtype=Int()),
    AggregateCall(name="_c1", function="avg", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_c2", function="avg", args=(WAITED,), dtype=Duration()),
    AggregateCall(name="_c3", function="max", args=(WHOLE,), dtype=Int()),
    AggregateCall(name="_c4", function="stddev_pop", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_c5", function="count", args=(NUMBER,), dtype=Int()),
)
ALL = (*CALLS, *ENDS, *MORE)
TOTAL, ROWS, KEY = (
    Column(name="_a1", dtype=Float()),
    Column(name="_a0", dtype=Int()),
    Column(name="k", dtype=String()),
)
PROJECT = (
    NamedExpr(name="rows", expr=ROWS),
    NamedExpr(name="twice", expr=Call(function="+", args=(TOTAL, TOTAL), dtype=Float())),
    NamedExpr(name="mean", expr=Call(function="/", args=(TOTAL, ROWS), dtype=Float())),
    NamedExpr(name="k", expr=Call(function="coalesce", args=(KEY, Literal(value="?", dtype=String())), dtype=String())),
)
THEN = (
    NamedExpr(name="named", expr=Column(name="k", dtype=String())),
    NamedExpr(name="fixed", expr=Literal(value=3, dtype=Int())),
)


@settings(max_examples=60, deadline=None)
@given(frames())
def test_values_are_those_of_the_expressions(rows: pl.DataFrame) -> None:
    """With NULL, NaN, both zeros, sums of 128 bits; names that are known already are made anew."""
    groups = partials(rows, ["k"], ALL)
    usual = groups.select("k", *final_exprs(ALL))
    for step in (PROJECT, *([one] for one in THEN)):
        usual = usual.with_columns(lower(one.expr).alias(one.name) for one in step)
    node = SimpleNamespace(aggregates=ALL, project=PROJECT, then=THEN)

    made = WindowValues(node).of(groups, {"k": groups["k"]})  # type: ignore[arg-type]

    assert_frame_equal(pl.DataFrame(list(made.values())), usual.drop(SEEN, KEPT).select(list(made)), check_exact=True)
