"""The cheap part of a condition: true wherever the condition is."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.lowering import lower
from slac.plan.necessary import necessary
from slac.stream.types import Bool, Int, String

TEXT = Column(name="text", dtype=String(), nullable=True)
NUMBER = Column(name="number", dtype=Int(), nullable=True)


def said(function: str, *args: AnyExpr) -> Call:
    """A condition."""
    return Call(function=function, args=args, dtype=Bool(), nullable=True)


def number(value: int) -> Literal:
    """A constant."""
    return Literal(value=value, dtype=Int())


ONE, TWO = said("=", NUMBER, number(1)), said(">", NUMBER, number(2))
SEARCH = said("contains", TEXT, Literal(value="a", dtype=String()))


@pytest.mark.parametrize(
    ("condition", "cheap"),
    [
        (ONE, None),
        (SEARCH, None),
        (said("and", ONE, SEARCH), ONE),
        (said("and", ONE, SEARCH, TWO), said("and", ONE, TWO)),
        (said("or", ONE, SEARCH), None),
        (said("or", ONE, said("and", TWO, SEARCH)), said("or", ONE, TWO)),
        (said("not", said("and", ONE, SEARCH)), None),
        (said("and", said("not", ONE), SEARCH), said("not", ONE)),
    ],
)
def test_the_cheap_part(condition: AnyExpr, cheap: AnyExpr | None) -> None:
    """Of a conjunction what is cheap; of a disjunction only if each side has something."""
    assert necessary(condition) == cheap


CONDITIONS = st.recursive(
    st.sampled_from([ONE, TWO, SEARCH]),
    lambda inner: (
        st.builds(said, st.sampled_from(["and", "or"]), inner, inner) | st.builds(lambda a: said("not", a), inner)
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_nothing_is_lost(condition: AnyExpr) -> None:
    """Every row that a condition keeps, its cheap part keeps."""
    frame = pl.DataFrame(
        [(t, n) for t in ("a", "b", None) for n in (None, 1, 2, 3)],
        schema={"text": pl.String, "number": pl.Int64},
        orient="row",
    )
    cheap = necessary(condition)
    first = frame if cheap is None else frame.filter(lower(cheap))

    assert first.filter(lower(condition)).equals(frame.filter(lower(condition)))
