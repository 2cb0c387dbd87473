"""Sums and differences in 64 bits are those that are made in 128."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import Call, Column
from slac.plan.lowering import lower
from slac.plan.narrow import Narrow
from slac.stream.types import AnyType, Duration, Int, Timestamp, to_polars

FAR = 2**62
VALUE = st.one_of(st.none(), st.integers(-5, 5), st.sampled_from([-FAR, FAR, FAR - 1, 1 - FAR, 2**63 - 1, -(2**63)]))


def _call(function: str, of: AnyType, dtype: AnyType) -> Call:
    return Call(function=function, args=(Column(name="a", dtype=of), Column(name="b", dtype=of)), dtype=dtype)


@given(st.lists(st.tuples(VALUE, VALUE)))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize(
    "call",
    [_call("+", Int(), Int()), _call("-", Int(), Int()), _call("-", Timestamp(), Duration())],
    ids=["sum", "difference", "instants"],
)
def test_both_ways_say_the_same(call: Call, rows: list[tuple[int | None, int | None]]) -> None:
    """Also at the ends of what 64 bits hold, where a result that does not fit is NULL."""
    dtype = to_polars(call.args[0].dtype)
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row").cast(dtype)
    narrow = frame.select(Narrow([("c", call)]).of(frame))
    assert narrow.equals(frame.select(lower(call).alias("c")))


def test_small_numbers_do_without_128_bits() -> None:
    """What makes it worth while."""
    frame = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    (expr,) = Narrow([("c", _call("+", Int(), Int()))]).of(frame)
    assert "Int128" not in str(expr)
