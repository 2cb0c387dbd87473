"""Selections over estimates: rows that may pass do, with `_undecided`, and bounds follow the columns."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.plan.expressions import AnyExpr, Call, Case, Column, Literal, NamedExpr
from slac.plan.nodes import SelectNode
from slac.plan.signatures import BOOL, FLOAT, INT, STRING
from slac.runtime.operators.select import SelectOperator
from slac.stream.batch import BOUNDS, UNDECIDED, Batch
from slac.stream.types import Field, Schema
from tests.runtime.operators.driving import CONTEXT, events

X, N, S = Column(name="x", dtype=FLOAT), Column(name="n", dtype=INT), Column(name="s", dtype=STRING)


def rows() -> pl.DataFrame:
    """One exact row, and one with bounds for each column."""
    exact = {"_time": 1, "x": 5.0, "n": 5, "s": "a"}
    frame = events([exact, {**exact, "_time": 2}], {"x": pl.Float64(), "n": pl.Int64(), "s": pl.String()})
    bounds = {"x_low": 4.0, "x_high": 8.0, "n_low": 2.5, "n_high": 9.0, "s_undecided": True}
    return frame.with_columns(pl.Series(BOUNDS, [None, bounds]))


def selected(where: AnyExpr | None = None, **columns: AnyExpr) -> pl.DataFrame:
    """What a selection gives of them."""
    made = tuple(NamedExpr(name=n, expr=e) for n, e in columns.items()) or None
    fields = tuple(Field(c.name, c.expr.dtype) for c in made or ())
    node = SelectNode(id="s", block="s", node="central", schema=Schema(fields), where=where, columns=made)
    said = [b.frame for b in SelectOperator(node, CONTEXT).on_batch(0, Batch(rows()))]
    return pl.concat(said) if said else rows().clear()


def compare(function: str, one: AnyExpr, limit: float) -> AnyExpr:
    """A comparison with a number."""
    return Call(function=function, args=(one, Literal(value=limit, dtype=FLOAT)), dtype=BOOL)


def join(function: str, one: AnyExpr, other: AnyExpr, dtype: Any = FLOAT) -> AnyExpr:
    """A function of two."""
    return Call(function=function, args=(one, other), dtype=dtype)


@pytest.mark.parametrize(
    ("where", "passing", "undecided"),
    [
        (compare(">", X, 3.0), 2, [None, None]),
        (compare(">", X, 4.5), 2, [False, True]),
        (compare(">", X, 6.0), 1, [True]),
        (compare(">", X, 9.0), 0, []),
        (compare("<", X, 4.5), 1, [True]),
        (Call(function="not", args=(compare(">", X, 4.5),), dtype=BOOL), 1, [True]),
        (join("and", compare(">", X, 3.0), compare(">=", X, 5.0), BOOL), 2, [False, True]),
        (join("or", compare(">", X, 3.0), compare(">", X, 6.0), BOOL), 2, [None, None]),
        (join("=", S, Literal(value="a", dtype=STRING), BOOL), 2, [False, True]),
        (join("=", S, Literal(value="b", dtype=STRING), BOOL), 1, [True]),
        (Call(function="is_null", args=(X,), dtype=BOOL), 0, []),
    ],
)
def test_a_row_passes_where_it_may(where: AnyExpr, passing: int, undecided: list[bool | None]) -> None:
    """It is decided only if the condition has one answer over the whole interval."""
    found = selected(where)
    marks = found[UNDECIDED].to_list() if UNDECIDED in found.columns else [None] * found.height
    assert found.height == passing
    assert marks == undecided


ZERO, TWO = Literal(value=0.0, dtype=FLOAT), Literal(value=2.0, dtype=FLOAT)


@pytest.mark.parametrize(
    ("expr", "low", "high"),
    [
        (join("+", X, TWO), 6.0, 10.0),
        (join("-", TWO, X), -6.0, -2.0),
        (join("*", X, join("-", TWO, X)), -48.0, -8.0),
        (join("/", TWO, X), 0.25, 0.5),
        (join("/", TWO, join("-", X, Literal(value=5.0, dtype=FLOAT))), float("-inf"), float("inf")),
        (Call(function="abs", args=(join("-", X, Literal(value=5.0, dtype=FLOAT)),), dtype=FLOAT), 0.0, 3.0),
        (Call(function="sqrt", args=(X,), dtype=FLOAT), 2.0, 8.0**0.5),
        (join("least", X, Literal(value=6.0, dtype=FLOAT)), 4.0, 6.0),
        (join("*", ZERO, join("/", TWO, join("-", X, Literal(value=5.0, dtype=FLOAT)))), 0.0, 0.0),
        (Case(branches=((compare(">", X, 4.5), TWO),), otherwise=ZERO, dtype=FLOAT), 0.0, 2.0),
        (Case(branches=((compare(">", X, 3.0), TWO),), otherwise=ZERO, dtype=FLOAT), 2.0, 2.0),
    ],
)
def test_bounds_follow_arithmetic(expr: AnyExpr, low: float, high: float) -> None:
    """The estimate of the row lies between; the exact row has no bounds."""
    found = selected(y=expr, x=X)
    bounds = found[BOUNDS].struct.unnest()

    assert found[BOUNDS].is_null().to_list() == [True, False]
    assert (bounds["y_low"][1], bounds["y_high"][1]) == pytest.approx((low, high))
    assert (bounds["x_low"][1], bounds["x_high"][1]) == (4.0, 8.0)


def test_a_case_is_decided_where_all_branches_that_are_possible_agree() -> None:
    """From the first undecided WHEN on nothing else is."""

    def state(*branches: tuple[AnyExpr, str], otherwise: str) -> AnyExpr:
        texts = tuple((when, Literal(value=text, dtype=STRING)) for when, text in branches)
        return Case(branches=texts, otherwise=Literal(value=otherwise, dtype=STRING), dtype=STRING)

    found = selected(
        one=state((compare(">", X, 4.5), "up"), otherwise="down"),
        same=state((compare(">", X, 4.5), "up"), otherwise="up"),
        later=state((compare(">", X, 9.0), "far"), (compare(">", X, 3.0), "up"), otherwise="down"),
        x=X,
    )
    doubts = found[BOUNDS].struct.unnest().row(1, named=True)
    assert {n: doubts.get(f"{n}_undecided") for n in ("one", "same", "later")} == {
        "one": True,
        "same": False,
        "later": False,
    }


def test_a_row_that_is_open_stays_so_without_its_estimate() -> None:
    """What decides whether it is there need not be among its columns."""
    found = selected(compare(">", X, 6.0), k=Literal(value="a", dtype=STRING))

    assert found[UNDECIDED].to_list() == [True]
    assert found[BOUNDS].is_null().to_list() == [False]
