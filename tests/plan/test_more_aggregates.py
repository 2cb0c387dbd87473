"""The aggregates of shares, rows, spread, sketches and buckets: values by definition, for any partition and order."""

from __future__ import annotations

import math
import random
import statistics
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.aggregates import empty_exprs, final_exprs, merged, partial_schema, partials
from slac.plan.aggregation.registers import DISTINCT_KEPT
from slac.plan.aggregation.sketches import ACCURACY, TOP_KEPT
from slac.plan.expressions import AggregateCall, AnyExpr, Column
from slac.stream.batch import ID, KEPT, SEEN, TIME, TIME_TYPE
from slac.stream.types import AnyType, Bool, Float, Int, String, to_polars

COLUMNS: dict[str, AnyType] = {"i": Int(), "j": Int(), "f": Float(), "s": String(), "b": Bool()}
OK = Column(name="b", dtype=Bool())


def call(name: str, *columns: str, options: tuple[Any, ...] = (), where: AnyExpr | None = None) -> AggregateCall:
    """An aggregate as the compiler would type it."""
    signature = AGGREGATES[name]
    args = tuple(Column(name=c, dtype=COLUMNS[c]) for c in columns)
    named = f"_{name}_{'_'.join(columns)}_{'w' if where else ''}"
    dtype = signature.results[args[0].dtype]
    return AggregateCall(name=named, function=signature.key, args=args, options=options, where=where, dtype=dtype)


def rows(values: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows with time, id by position and a key."""
    schema: dict[str, Any] = {TIME: pl.Int64, ID: pl.UInt64, "k": pl.String}
    schema |= {n: to_polars(t) for n, t in COLUMNS.items()}
    full = [{ID: i, TIME: 0, "k": "a", **v} for i, v in enumerate(values)]
    return pl.DataFrame([{n: r.get(n) for n in schema} for r in full], schema=schema).with_columns(
        pl.col(TIME).cast(TIME_TYPE)
    )


def value(values: list[dict[str, Any]], one: AggregateCall) -> Any:
    """The value of one call over all rows."""
    done = partials(rows(values), [], [one]).select(final_exprs([one]))
    assert done.schema[one.name] == to_polars(one.dtype)
    return done.row(0, named=True)[one.name]


def of(column: str, *values: Any) -> list[dict[str, Any]]:
    """Rows with values of one column."""
    return [{column: v} for v in values]


def test_shares_and_flags_skip_null() -> None:
    """A row whose condition is NULL counts for nothing."""
    flags = of("b", True, False, None, True)

    assert value(flags, call("SHARE", "b")) == pytest.approx(2 / 3)
    assert value(flags, call("BOOL_OR", "b")) is True
    assert value(flags, call("BOOL_AND", "b")) is False
    assert value(of("b", True, None), call("EVERY", "b")) is True
    assert value(of("b", None), call("SHARE", "b")) is None
    assert value(of("b", None), call("BOOL_AND", "b")) is None


def test_the_row_of_the_extreme_gives_its_value() -> None:
    """By the second argument; ties go to the last row of MAX_BY, the first of MIN_BY; NULLs do not count."""
    values: list[dict[str, Any]] = [
        {"s": "a", "i": 1},
        {"s": "b", "i": 5},
        {"s": "c", "i": 5},
        {"s": None, "i": 9},
        {"s": "d", "i": None},
    ]

    assert value(values, call("MAX_BY", "s", "i")) == "c"
    assert value([*values, {"s": "e", "i": 1}], call("MIN_BY", "s", "i")) == "a"
    assert value([{"s": None, "i": 1}], call("MAX_BY", "s", "i")) is None


def test_a_list_is_bounded_and_in_order() -> None:
    """The first values by time, then id."""
    values: list[dict[str, Any]] = [
        {"s": "late", TIME: 9},
        {"s": None, TIME: 0},
        {"s": "b", TIME: 2},
        {"s": "a", TIME: 2},
    ]

    assert value(values, call("LIST", "s", options=(2,))) == ["b", "a"]
    assert value(values, call("LIST", "s", options=(9,))) == ["b", "a", "late"]
    assert value(of("s", None), call("LIST", "s", options=(2,))) is None


def test_spread_does_not_cancel() -> None:
    """A large mean takes nothing from a small deviation; one value has no sample deviation; odd ones give NaN."""
    large = [1e9 + d for d in (-1.0, 0.0, 1.0)]

    assert value(of("f", *large), call("VAR_SAMP", "f")) == pytest.approx(1.0)
    assert value(of("i", 1, 2, 3, None), call("STDDEV_POP", "i")) == pytest.approx(statistics.pstdev([1, 2, 3]))
    assert value(of("f", 3.0), call("STDDEV", "f")) is None
    assert value(of("f", 3.0), call("STDDEV_POP", "f")) == 0.0
    assert math.isnan(value(of("f", 1.0, math.inf), call("VAR_POP", "f")))
    assert value(of("f", None), call("VAR_POP", "f")) is None


def test_distinct_values_are_counted_exactly_and_then_estimated() -> None:
    """Exact up to the number of hashes that are kept, then within a few standard errors of 1.6 %."""
    assert value(of("s", "a", "b", None, "a"), call("COUNT_DISTINCT", "s")) == 2
    assert value(of("f", 0.0, -0.0, math.nan, math.nan), call("COUNT_DISTINCT", "f")) == 2
    exact = DISTINCT_KEPT
    assert value(of("i", *range(exact), *range(exact)), call("COUNT_DISTINCT", "i")) == exact
    for many in (exact + 1, 3_000, 10_000, 12_000, 100_000):
        assert value(of("i", *range(many)), call("COUNT_DISTINCT", "i")) == pytest.approx(many, rel=0.05)


def test_quantiles_are_as_near_as_they_say() -> None:
    """Within 1 % of a value of the rank, of either sign; order statistics of NaN and ∞ hold."""
    values = [math.exp(x / 40) for x in range(-400, 400)]
    ordered = sorted(values)

    for q in (0.0, 0.01, 0.5, 0.99, 1.0):
        exact = ordered[math.floor(q * (len(values) - 1))]
        assert value(of("f", *values), call("QUANTILE", "f", options=(q,))) == pytest.approx(
            exact, rel=ACCURACY * 1.001
        )
        negated = value(of("f", *(-v for v in values)), call("QUANTILE", "f", options=(1 - q,)))
        assert negated == pytest.approx(-ordered[len(values) - 1 - math.floor((1 - q) * (len(values) - 1))], rel=0.011)
    assert value(of("i", 0, 0, 7, None), call("MEDIAN", "i")) == 0.0
    assert value(of("f", -math.inf, 1.0, math.nan), call("QUANTILE", "f", options=(0,))) == -math.inf
    assert math.isnan(value(of("f", 1.0, math.inf, math.nan), call("QUANTILE", "f", options=(1,))))
    assert value(of("f", None), call("MEDIAN", "f")) is None


def test_the_most_frequent_values() -> None:
    """With exact counts, ties by value; too many different ones are not guessed at."""
    values = of("s", "b", "a", "c", "c", None, "b")

    assert value(values, call("TOP", "s", options=(2,))) == [{"value": "b", "count": 2}, {"value": "c", "count": 2}]
    assert value(of("i", *range(TOP_KEPT + 1)), call("TOP", "i", options=(2,))) is None
    assert value(of("i", *range(TOP_KEPT)), call("TOP", "i", options=(1,))) == [{"value": 0, "count": 1}]


def test_buckets_hold_their_upper_bounds() -> None:
    """A value equal to a bound belongs to it; NaN is beyond the last."""
    found = value(of("f", 0.5, 1.0, 1.5, math.nan, None), call("HISTOGRAM", "f", options=(1, 2)))

    assert found == [{"upto": 1.0, "count": 2}, {"upto": 2.0, "count": 1}, {"upto": None, "count": 1}]


def test_a_budget_burns() -> None:
    """Of rows that have both numbers."""
    values: list[dict[str, Any]] = [{"i": 1, "j": 50}, {"i": 1, "j": 50}, {"i": 9, "j": None}]

    assert value(values, call("BURN_RATE", "i", "j", options=(0.99,))) == pytest.approx(2.0)
    assert value([{"i": 0, "j": 0}], call("BURN_RATE", "i", "j", options=(0.99,))) is None


ALL = (
    call("SHARE", "b"),
    call("BOOL_AND", "b"),
    call("BOOL_OR", "b"),
    *(call(f, c, o, where=w) for f in ("MAX_BY", "MIN_BY") for c, o in (("s", "f"), ("i", "s")) for w in (None, OK)),
    *(call("LIST", c, options=(3,), where=OK) for c in COLUMNS),
    *(call(f, c) for f in ("VAR_POP", "STDDEV") for c in "if"),
    *(call("COUNT_DISTINCT", c) for c in COLUMNS),
    *(call("QUANTILE", c, options=(0.9,)) for c in "if"),
    call("MEDIAN", "f", where=OK),
    *(call("TOP", c, options=(2,)) for c in "isb"),
    call("HISTOGRAM", "f", options=(-1, 0.0, 10)),
    call("BURN_RATE", "i", "f", options=(0.9,)),
)


def test_schemas_agree() -> None:
    """Partial frames, values and empty values have the types that the plan states."""
    done = partials(rows([{}]), ["k"], ALL)
    empty = pl.DataFrame().select(empty_exprs(ALL))

    assert dict(done.schema) == partial_schema({"k": pl.String()}, ALL)
    assert empty.schema == done.select(final_exprs(ALL)).schema
    assert {v for n, v in empty.row(0, named=True).items() if n not in (SEEN, KEPT)} == {0, None}


FLOATS = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.0]))
ROW = st.fixed_dictionaries(
    {
        TIME: st.integers(0, 5),
        "k": st.sampled_from(["a", "b", None]),
        "i": st.none() | st.integers(-(2**40), 2**40),
        "f": st.none() | FLOATS,
        "s": st.none() | st.sampled_from(["x", "y", "é", "𝄞", ""]),
        "b": st.none() | st.booleans(),
    }
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), st.lists(st.integers(0, 3), min_size=12, max_size=12), st.randoms())
def test_any_partition_and_order_gives_the_same(
    values: list[dict[str, Any]], slices: list[int], order: random.Random
) -> None:
    """Rows grouped slice by slice and merged in any order are the rows grouped at once, to the last bit."""
    frame = rows(values)
    whole = partials(frame, ["k"], ALL).select("k", *final_exprs(ALL))
    owner = pl.Series(slices[: frame.height])
    pieces = [partials(frame.filter(owner == n), ["k"], ALL) for n in range(4)]
    order.shuffle(pieces)
    left = merged(merged(pl.concat(pieces[:2]), ["k"], ALL).vstack(pieces[2]), ["k"], ALL)
    together = merged(pl.concat([pieces[3], left]), ["k"], ALL).select("k", *final_exprs(ALL))

    assert [str(r) for r in sorted(together.rows(), key=str)] == [str(r) for r in sorted(whole.rows(), key=str)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=20))
def test_counts_are_those_of_the_definition(texts: list[str | None]) -> None:
    """Against Python's own counter."""
    counted = Counter(t for t in texts if t is not None)
    first = sorted(counted.items(), key=lambda p: (-p[1], p[0]))[:2]

    expected = [{"value": v, "count": n} for v, n in first] or None
    assert value(of("s", *texts), call("TOP", "s", options=(2,))) == expected
    assert value(of("s", *texts), call("COUNT_DISTINCT", "s")) == len(counted)


@pytest.mark.parametrize("seed", range(4))
def test_many_small_pieces_of_many_groups(seed: int) -> None:
    """Lists and tallies stay within their groups, whatever chunks they were put together from."""
    rnd = random.Random(seed)
    values = [
        {"i": rnd.choice([None, rnd.randrange(9)]), "s": rnd.choice([None, "x", "é" * 20]), "k": str(rnd.randrange(20))}
        for _ in range(300)
    ]
    frame = rows([{**v, TIME: rnd.randrange(9)} for v in values])
    calls = [call("LIST", "i", options=(4,)), call("TOP", "s", options=(1,)), call("COUNT_DISTINCT", "i")]
    pieces = [partials(frame.slice(at, 7), ["k"], calls) for at in range(0, 300, 7)]
    while len(pieces) > 1:
        taken = rnd.randrange(2, len(pieces) + 1)
        pieces = [merged(pl.concat(pieces[:taken]), ["k"], calls), *pieces[taken:]]

    for row in pieces[0].select("k", *final_exprs(calls)).rows(named=True):
        own = frame.filter(pl.col("k") == row["k"]).sort(TIME, ID)
        numbers = [i for i in own["i"].to_list() if i is not None]
        texts = Counter(s for s in own["s"].to_list() if s is not None)
        assert row[calls[0].name] == (numbers[:4] or None)
        assert row[calls[2].name] == len(set(numbers))
        best = min(texts.items(), key=lambda p: (-p[1], p[0]), default=None)
        assert row[calls[1].name] == ([{"value": best[0], "count": best[1]}] if best else None)


def test_without_keys_all_rows_are_one_group() -> None:
    """Merging has a group of its own form then."""
    pieces = [partials(rows(of("i", n, 2)), [], ALL) for n in range(3)]
    done = merged(pl.concat(pieces), [], ALL).select(final_exprs(ALL)).row(0, named=True)

    assert done["_TOP_i_"] == [{"value": 2, "count": 4}, {"value": 0, "count": 1}]
