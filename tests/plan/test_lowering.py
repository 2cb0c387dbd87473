"""From typed expressions to Polars."""

from __future__ import annotations

import polars as pl
import pytest

from slac.diagnostics import SlacError
from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal
from slac.plan.lowering import CannotLower, columns_of, lower, to_text
from slac.plan.signatures import BOOL, DURATION, FLOAT, INT, NULL, STRING, TIMESTAMP
from slac.stream.types import Field, Struct, to_polars

A = Column(name="a", dtype=INT)
ROWS = pl.DataFrame({"a": [1, None, 3]})


def _number(value: int) -> Literal:
    return Literal(value=value, dtype=INT, nullable=False)


def _call(function: str, *args: AnyExpr, dtype: object = INT) -> Call:
    return Call(function=function, args=args, dtype=dtype)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "literal",
    [
        Literal(value=1, dtype=INT),
        Literal(value=1.0, dtype=FLOAT),
        Literal(value="x", dtype=STRING),
        Literal(value=True, dtype=BOOL),
        Literal(value=90_000_000, dtype=DURATION),
        Literal(value=1_700_000_000_000_000, dtype=TIMESTAMP),
        Literal(value=None, dtype=NULL),
        Literal(value=None, dtype=TIMESTAMP),
    ],
)
def test_literals_have_their_type(literal: Literal) -> None:
    """A constant comes out in its physical type; times are microseconds."""
    value = ROWS.with_columns(x=lower(literal))["x"]

    assert value.dtype == to_polars(literal.dtype)
    assert value.to_physical().to_list() == [literal.value] * 3


def test_case_takes_the_first_branch_that_is_true() -> None:
    """NULL is not true, and a later branch does not win."""
    branches = (
        (_call(">", A, _number(0), dtype=BOOL), _number(10)),
        (_call("=", A, _number(3), dtype=BOOL), _number(20)),
    )
    case = Case(branches=branches, otherwise=_number(0), dtype=INT)

    assert ROWS.select(lower(case)).to_series().to_list() == [10, 0, 10]


def test_fields_of_structs() -> None:
    """A field of a NULL struct is NULL."""
    base = Column(name="s", dtype=Struct((Field("x", INT),)))
    rows = pl.DataFrame({"s": [{"x": 1}, None]})

    assert rows.select(lower(FieldOf(base=base, name="x", dtype=INT))).to_series().to_list() == [1, None]


def test_an_unknown_function_is_named() -> None:
    """A plan of another version is refused in a sentence that names what is unknown."""
    with pytest.raises(CannotLower, match='"telepathy"') as caught:
        lower(_call("telepathy", A))

    assert isinstance(caught.value, SlacError)


def test_a_foreign_object_is_refused() -> None:
    """Only the kinds of the plan can be lowered."""
    with pytest.raises(CannotLower, match="int"):
        lower(3)  # type: ignore[arg-type]


def test_a_constant_in_front_has_as_many_rows_as_the_column_behind() -> None:
    """Polars alone gives one row where the other side is one value all over."""
    same = Case(branches=((_call("=", A, A, dtype=BOOL), _number(1)),), otherwise=_number(1), dtype=INT, nullable=False)
    compared = _call("=", _number(1), same, dtype=BOOL)

    assert ROWS.with_columns(x=lower(compared))["x"].to_list() == [True] * 3


def test_division_by_a_constant_is_rounded_once() -> None:
    """As in Python, and the same for one row as for many."""
    third = _call("/", Cast(arg=A, dtype=FLOAT), Literal(value=3.0, dtype=FLOAT), dtype=FLOAT)
    rows = pl.DataFrame({"a": [7, 7]})

    assert rows.select(lower(third)).to_series().to_list() == [7 / 3] * 2
    assert rows[:1].select(lower(third)).item() == 7 / 3


def test_columns() -> None:
    """All columns that are read, wherever they stand."""
    case = Case(
        branches=(
            (
                _call("=", A, Column(name="l.b", dtype=INT), dtype=BOOL),
                Cast(arg=Column(name="c", dtype=STRING), dtype=INT),
            ),
        ),
        otherwise=FieldOf(base=Column(name="d", dtype=Struct(())), name="x", dtype=INT),
        dtype=INT,
    )

    assert columns_of(case) == {"a", "l.b", "c", "d"}
    assert columns_of(_number(1)) == frozenset()


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (_call("+", A, _number(1)), "(a + 1)"),
        (_call("and", A, A, A), "(a AND a AND a)"),
        (_call("is_null", A), "(a IS NULL)"),
        (_call("in", A, _number(1), _number(2)), "(a IN (1, 2))"),
        (_call("extract_hour", A), "EXTRACT(hour FROM a)"),
        (_call("substr", A, _number(1)), "SUBSTR(a, 1)"),
        (_call("not", _call("is_true", A)), "(NOT (a IS TRUE))"),
        (_call("negate", A), "(-a)"),
        (Cast(arg=A, dtype=STRING), "CAST(a AS string)"),
        (Literal(value="it's", dtype=STRING), "'it''s'"),
        (Literal(value=None, dtype=STRING), "NULL"),
        (Literal(value=True, dtype=BOOL), "TRUE"),
        (Literal(value=1.0, dtype=FLOAT), "1.0"),
        (Literal(value=5, dtype=DURATION), "INTERVAL '5 microseconds'"),
        (Literal(value=1_700_000_000_000_000, dtype=TIMESTAMP), "TIMESTAMP '2023-11-14T22:13:20Z'"),
        (Case(branches=((A, _number(1)),), otherwise=_number(2), dtype=INT), "CASE WHEN a THEN 1 ELSE 2 END"),
    ],
)
def test_text(expr: AnyExpr, text: str) -> None:
    """Expressions are written as SQL."""
    assert to_text(expr) == text
