"""Every aggregate against a definition in plain Python and against DuckDB, and its partial state against any cut."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregates import FAMILIES, final_exprs, follows_order, merged, partials
from slac.plan.nodes import WindowSpec
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.types import to_polars
from tests.plan.aggregate_cases import CASES, TYPES, Case, Row
from tests.runtime.operators.driving import CONTEXT, Driver
from tests.runtime.operators.per_row import node
from tests.runtime.operators.test_steps import feed

CALLS = tuple(c.call for c in CASES)
ANY_ORDER = tuple(c for c in CALLS if not follows_order([c]))
EDGES = (math.nan, math.inf, -math.inf, -0.0, 0.0, 1e300, -1e18, 5e-324, 2.0**62, 1e9)
NUMBER = st.one_of(st.integers(-8, 8).map(float), st.floats(-1e3, 1e3), st.sampled_from(EDGES))
TAME = st.one_of(st.integers(-8, 8).map(float), st.floats(-1e3, 1e3, width=32))


def row(number: st.SearchStrategy[float], whole: st.SearchStrategy[int]) -> st.SearchStrategy[Row]:
    """A row with ties in time, duplicates and NULLs in everything."""
    return st.fixed_dictionaries(
        {
            TIME: st.integers(0, 6),
            "k": st.sampled_from(["a", "b", None]),
            "i": st.none() | whole,
            "f": st.none() | number,
            "g": st.none() | number,
            "s": st.none() | st.sampled_from(["x", "y", "é", "𝄞", ""]),
            "b": st.none() | st.booleans(),
            "ok": st.none() | st.booleans(),
        }
    )


WILD = row(NUMBER, st.integers(-9, 9) | st.integers(-(2**63), 2**63 - 1))
ROWS = st.lists(WILD | row(TAME, st.integers(-1000, 1000)), max_size=14) | st.lists(
    row(TAME, st.integers(-1000, 1000)), max_size=14
)


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a batch; ids by position."""
    types: dict[str, Any] = {TIME: pl.Int64(), ID: pl.UInt64(), "k": pl.String()}
    types |= {n: to_polars(t) for n, t in TYPES.items()}
    full = [{ID: i, **r} for i, r in enumerate(rows)]
    frame = pl.DataFrame([{n: r[n] for n in types} for r in full], schema=types)
    return frame.with_columns(pl.col(TIME).cast(TIME_TYPE))


def evaluated(rows: Sequence[Row]) -> Row:
    """Every case over all rows."""
    return partials(frame_of(rows), [], CALLS).select(final_exprs(CALLS)).row(0, named=True)


def bits(frame: pl.DataFrame) -> list[str]:
    """Rows in an order of their own, to the last bit."""
    return sorted(map(repr, frame.rows()))


def left(case: Case, rows: Sequence[Row]) -> list[Row]:
    """The rows that FILTER leaves, in the total order."""
    kept = [r for r in rows if case.call.where is None or r["ok"]]
    return sorted(kept, key=lambda r: r[TIME])


def agrees(case: Case, got: Any, wanted: Any) -> bool:
    """Equal as far as the case says."""
    if isinstance(wanted, float) and isinstance(got, float):
        return got == pytest.approx(wanted, rel=case.near, abs=case.apart, nan_ok=True)
    return bool(got == wanted) and (got is None) == (wanted is None)


def test_every_aggregate_has_a_case() -> None:
    """A new one is held to its definition from the first day."""
    assert {c.call.function for c in CASES} == set(FAMILIES)
    assert len({c.name for c in CALLS}) == len(CALLS)


@settings(max_examples=40, deadline=None)
@given(ROWS.filter(bool))
def test_values_are_those_of_the_definition(rows: list[Row]) -> None:
    """NULL, NaN, infinities, extremes, duplicates and ties in time among them."""
    got = evaluated(rows)
    wanted = {c.call.name: (c, c.reference(left(c, rows))) for c in CASES}

    assert {n: (got[n], w) for n, (c, w) in wanted.items() if not agrees(c, got[n], w)} == {}


@pytest.fixture(name="duck", scope="module")
def _duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=40, deadline=None)
@given(rows=ROWS.filter(bool))
def test_values_are_those_of_duckdb(rows: list[Row], duck: duckdb.DuckDBPyConnection) -> None:
    """Wherever it has the aggregate, and means the same by it."""
    asked = [c for c in CASES if c.theirs and c.alike(left(c, rows))]
    types = {"i": "BIGINT", "f": "DOUBLE", "g": "DOUBLE", "s": "VARCHAR", "b": "BOOLEAN", "ok": "BOOLEAN"}
    columns = ", ".join(f"unnest(?::{t}[]) AS {n}" for n, t in {"t": "BIGINT", "id": "BIGINT", **types}.items())
    values = [[r[TIME] for r in rows], list(range(len(rows))), *([r[n] for r in rows] for n in types)]
    duck.execute(f"CREATE OR REPLACE TEMP TABLE rows AS SELECT {columns}", values)
    theirs = duck.execute(f"SELECT {', '.join(c.theirs for c in asked)} FROM rows").fetchone()
    got = evaluated(rows)

    assert theirs is not None
    pairs = [(c, got[c.call.name], t) for c, t in zip(asked, theirs, strict=True)]
    assert [(c.call.name, g, t) for c, g, t in pairs if not agrees(c, g, _plain(t, g))] == []


def _plain(theirs: Any, ours: Any) -> Any:
    return float(theirs) if isinstance(ours, float) and theirs is not None else theirs


@settings(max_examples=15, deadline=None)
@given(ROWS.filter(bool), st.lists(st.integers(0, 3), min_size=14, max_size=14), st.randoms())
def test_any_cut_and_any_order_of_merging_is_the_whole(rows: list[Row], slices: list[int], random: Any) -> None:
    """Merging is associative and commutative, and the pieces make what the rows make at once."""
    frame, calls = frame_of(rows), ANY_ORDER
    owner = pl.Series(slices[: frame.height])
    pieces = [partials(frame.filter(owner == n), ["k"], calls) for n in range(4)]
    random.shuffle(pieces)
    a, b, c, d = pieces

    whole = bits(partials(frame, ["k"], calls).select("k", *final_exprs(calls)))
    for first, second in ((_merge(a, b, calls), _merge(c, d, calls)), (_merge(_merge(d, c, calls), b, calls), a)):
        assert bits(_merge(first, second, calls).select("k", *final_exprs(calls))) == whole
        assert bits(_merge(second, first, calls).select("k", *final_exprs(calls))) == whole


@settings(max_examples=15, deadline=None)
@given(ROWS.filter(bool), st.lists(st.integers(1, 6), min_size=3, max_size=3, unique=True), st.randoms())
def test_pieces_of_time_in_any_bracketing_are_the_whole(rows: list[Row], cuts: list[int], random: Any) -> None:
    """Aggregates over samples merge where their pieces are disjoint in time: neighbours first, or all at once."""
    frame, calls = frame_of(rows), CALLS
    at, edges = pl.col(TIME).cast(pl.Int64), [-1, *sorted(cuts), 99]
    pieces = [
        partials(frame.filter(at.is_between(low, high, closed="left")), ["k"], calls) for low, high in pairwise(edges)
    ]
    a, b, c, d = pieces
    whole = bits(partials(frame, ["k"], calls).select("k", *final_exprs(calls)))
    random.shuffle(pieces)

    for together in (
        _merge(_merge(a, b, calls), _merge(c, d, calls), calls),
        _merge(_merge(d, _merge(c, b, calls), calls), a, calls),
        merged(pl.concat(pieces), ["k"], calls),
    ):
        assert bits(together.select("k", *final_exprs(calls))) == whole


def _merge(one: pl.DataFrame, other: pl.DataFrame, calls: Any) -> pl.DataFrame:
    return merged(pl.concat([one, other]), ["k"], calls)


@settings(max_examples=12, deadline=None)
@given(ROWS.filter(bool), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans())
def test_windows_do_not_depend_on_batches(rows: list[Row], sizes: list[int], restart: bool) -> None:  # noqa: FBT001 - hypothesis
    """Rows of one instant and of several, in any slices, restarted anywhere."""
    spec = node(WindowSpec(kind="tumbling", size=3, every=3), calls=CALLS)
    frame = frame_of(rows)
    sliced = feed(Driver(lambda: build_operator(spec, CONTEXT)), frame, sizes, 6, restart=restart)
    whole = feed(Driver(lambda: build_operator(spec, CONTEXT)), frame, (1000,), 6, restart=False)

    assert [*map(repr, sliced.rows())] == [*map(repr, whole.rows())]
