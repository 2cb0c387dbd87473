"""Sums and differences of columns that are spread over matches are those that a query makes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AnyExpr, Call, Column
from slac.plan.lowering import lower
from slac.runtime.patterns import spread
from slac.runtime.patterns.spread import Plain, Spread
from slac.stream.types import AnyType, Duration, Float, Int, Timestamp, to_polars

FAR = 2**62
VALUE = st.one_of(st.integers(-5, 5), st.integers(-5, 5), st.none(), st.sampled_from([-FAR, FAR, 2**63 - 1]))


def _call(function: str, of: AnyType, dtype: AnyType) -> Call:
    return Call(function=function, args=(Column(name="a", dtype=of), Column(name="b", dtype=of)), dtype=dtype)


@given(
    one=st.lists(VALUE, min_size=1),
    other=st.lists(VALUE, min_size=1),
    taken=st.lists(st.integers(0, 99)),
    own=st.booleans(),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize(
    "expr",
    [
        _call("+", Int(), Int()),
        _call("-", Int(), Int()),
        _call("-", Timestamp(), Duration()),
        Column(name="b", dtype=Timestamp()),
    ],
    ids=["sum", "difference", "instants", "column"],
)
def test_what_is_said_is_what_a_query_says(
    expr: AnyExpr, one: list[int | None], other: list[int | None], taken: list[int], *, own: bool
) -> None:
    """Whatever the parts in which it is made; where 64 bits may be too few, it is left to a query."""
    places = np.array(taken, np.int64)
    dtype = to_polars((expr.args[0] if isinstance(expr, Call) else expr).dtype)
    first = Spread(pl.Series("a", one, pl.Int64).cast(dtype), places % len(one))
    second = Spread(pl.Series("b", other, pl.Int64).cast(dtype), places % len(other))
    if own:
        second = Spread(second.series())
    frame = pl.DataFrame([first.series(), second.series()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_PART", 3)
        made = Plain([("c", expr)]).of(len(places), {"a": first, "b": second})
    if made is not None:
        assert pl.DataFrame(made).equals(frame.select(lower(expr).alias("c")))
    else:
        assert any(value is None or abs(value) >= 2**61 for value in (*one, *other))


def test_sums_of_floats_are_left_to_a_query() -> None:
    """They are not made of whole numbers."""
    known = {name: Spread(pl.Series(name, [0.5])) for name in "ab"}
    assert Plain([("c", _call("+", Float(), Float()))]).of(1, known) is None
