"""Quantiles of many groups: by one more grouping, the same as by a look into each group."""

from __future__ import annotations

import math

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.plan.aggregates import grouped, grouped_rows, merge_exprs, merged, partial_exprs
from slac.stream.batch import ID, TIME, TIME_TYPE
from tests.plan.aggregate_cases import OK, made

CALLS = (
    made("QUANTILE", "f", options=(0.5,)),
    made("MEDIAN", "f"),
    made("QUANTILE", "i", options=(0.9,), where=OK),
    made("COUNT", "i"),
)
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    TIME: TIME_TYPE,
    ID: pl.UInt64,
    "s": pl.String,
    "b": pl.Boolean,
    "f": pl.Float64,
    "i": pl.Int64,
    "ok": pl.Boolean,
}
VALUES = st.sampled_from([None, 0.0, -0.0, 1.0, 1.001, 7.5, -7.5, math.inf, -math.inf, math.nan])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["x", "y", None]),
        st.sampled_from([True, None]),
        VALUES,
        st.sampled_from([None, 0, 1, -40]),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


@given(st.lists(ROWS, min_size=1, max_size=3), st.sampled_from([["s"], ["s", "b"], []]))
@settings(max_examples=20)
def test_as_in_each_group(batches: list[list[tuple[object, ...]]], keys: list[str]) -> None:
    """Parts of rows, and of parts; NULL is a key, and a value that does not count."""
    parts = []
    for rows in batches:
        frame = pl.DataFrame([(0, n, *r) for n, r in enumerate(rows)], schema=SCHEMA, orient="row")
        exprs = partial_exprs(CALLS, frame.columns)
        found, expected = grouped_rows(frame, keys, CALLS, exprs), grouped(frame, keys, exprs)
        assert_frame_equal(found, expected, check_row_order=False, check_exact=True)
        parts.append(expected)
    together = pl.concat(parts)
    expected = grouped(together, keys, merge_exprs(CALLS))
    assert_frame_equal(merged(together, keys, CALLS), expected, check_row_order=False, check_exact=True)
