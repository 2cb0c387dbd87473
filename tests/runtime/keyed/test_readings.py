"""What rows add: values that several parts need are evaluated once."""

from __future__ import annotations

import polars as pl

from slac.plan.aggregation import numbers
from slac.plan.aggregation.additive import Added
from slac.plan.at_once import AtOnce
from slac.runtime.keyed.integers import column
from slac.runtime.keyed.readings import Readings

X = pl.col("x")
SUM = Added(name="sum", value=X, reading=numbers.squared_integers)
SQUARES = Added(name="squares", value=X, reading=numbers.squared_integers, squared=True)
TWICE = Added(name="twice", value=X * 2)
PRESENT = Added(name="n", value=X, reading=numbers.present, usual=1)
ALWAYS = Added(name="rows", value=None, usual=1)


def listed(added: list[Added], rows: pl.DataFrame) -> dict[str, list[int]]:
    """The numbers of each part in which any row is unusual."""
    return {name: column(found, name).to_list() for name, found in Readings(added, []).of(rows)[0].items()}


def test_parts_of_one_value() -> None:
    """Its numbers, their squares, and another value beside it; what is as usual is left out."""
    rows = pl.DataFrame({"x": [3, -4], "y": [0, 0]})

    assert listed([SUM, SQUARES, TWICE, PRESENT, ALWAYS], rows) == {
        "sum": [3, -4],
        "squares": [9, 16],
        "twice": [6, -8],
    }


def test_a_value_that_is_missing() -> None:
    """It adds nothing, and is not counted."""
    rows = pl.DataFrame({"x": [3, None]})

    assert listed([SUM, PRESENT], rows) == {"sum": [3, 0], "n": [0, -1]}


def test_columns_that_are_read() -> None:
    """Those of all values, once each; none where all is as usual."""
    assert Readings([SUM, TWICE, ALWAYS], []).columns == ["x"]
    assert Readings([ALWAYS], []).columns == []


def test_a_value_without_a_query() -> None:
    """Where there is such a form, and it knows these rows, it is taken; else the expression."""
    rows = pl.DataFrame({"x": [3, 4]})
    for found in (pl.Series([6, 8]), None):
        quick = Added(name="twice", value=X * 2, quick=_always(found))
        assert listed([quick], rows) == {"twice": [6, 8]}


def _always(found: pl.Series | None) -> AtOnce:
    return lambda _: found
