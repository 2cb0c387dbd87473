"""What rows with weights add beside aggregates is what its definition says, row by row, in Python's own integers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregates import merged, partials
from slac.plan.estimates import powers, totals
from slac.plan.estimates.calls import with_estimates
from slac.plan.estimates.columns import EstimatedColumns
from slac.plan.estimates.moments import moments as moments_of
from slac.plan.expressions import AggregateCall, Column, Literal
from slac.plan.signatures import BOOL, FLOAT, INT
from slac.stream.batch import ID, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE

V, OK = Column(name="v", dtype=FLOAT), Column(name="ok", dtype=BOOL)
CALLS = with_estimates(
    (
        AggregateCall(name="n", function="count", dtype=INT),
        AggregateCall(name="good", function="count", where=OK, dtype=INT),
        AggregateCall(name="mean", function="avg", args=(V,), dtype=FLOAT),
        AggregateCall(name="spread", function="stddev_pop", args=(V,), dtype=FLOAT),
        AggregateCall(name="some", function="sum", args=(V,), where=OK, dtype=FLOAT),
    )
)
VALUES = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([0.0, 3e-9, 1e9, -1e15, 1e30, 1e52, 1e300, math.inf, math.nan, None])
)
WEIGHTS = st.sampled_from([0, 1 << 20, 2_438_549]) | st.integers(1 << 20, 1 << 40)
ROWS = st.tuples(st.sampled_from(["a", "b"]), VALUES, st.sampled_from([True, False, None]), WEIGHTS)
Rows: TypeAlias = list[tuple[str, float | None, bool | None, int]]


@settings(max_examples=80, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30), st.booleans())
def test_parts_are_sums_of_what_each_row_adds(rows: Rows, same: bool) -> None:  # noqa: FBT001 - drawn
    """Of each moment in three limbs, of counts, and of values that are missing, infinite or not asked for."""
    check(rows, same=same)


def test_many_rows_of_many_weights_are_added_up_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """More weights than are looked for one by one, and more rows than are worked on at once."""
    monkeypatch.setattr(totals, "_RUN", 3)
    monkeypatch.setattr(powers, "_BLOCK", 7)
    values = [0.1 * n - 9 if n % 11 else None for n in range(200)]
    check([("ab"[n % 3 > 1], v, n % 5 > 0, (1 << 20) + 977 * (n % 40)) for n, v in enumerate(values)])


@pytest.mark.parametrize("value", [15.999, 4194303.9, -15.999])
def test_a_million_rows_of_one_group_have_room(value: float) -> None:
    """The sums of their pieces leave 64 bits."""
    count = 1 << 20
    rows = frame_of([("a", value, True, 2_438_549)])[np.zeros(count, np.uint32)]
    told = whole({n: v for n, v in partials(rows, ["k"], CALLS).row(0, named=True).items() if "~." in n})
    expected = added(value, True, 2_438_549 / WEIGHT_ONE - 1.0)
    assert told == {name: count * expected[name] for name in told}


@pytest.mark.parametrize("value", [1e15, -4e18, 1.7e9])
def test_values_that_can_be_summed_count_with_all_their_weight(value: float) -> None:
    """What a row stands for may be more than a value that can be summed, as long as the total is not too large."""
    calls = [AggregateCall(name=n, function=n, args=(V,), dtype=FLOAT) for n in ("sum", "avg")]
    made = EstimatedColumns(with_estimates(calls), 0.95)
    found = made.of(partials(frame_of([("a", value, True, 10_000 << 20)] * 9), ["k"], with_estimates(calls)))
    assert found.select("sum", "avg").row(0) == pytest.approx((9 * 10_000 * value, value))


def test_intervals_of_values_whose_squares_are_rounded_away_have_room_for_that() -> None:
    """A value that is not the same in all rows is not known for sure; zeros are."""
    calls = with_estimates([AggregateCall(name=n, function=n, args=(V,), dtype=FLOAT) for n in ("sum", "avg")])
    made = EstimatedColumns(calls, 0.95)
    for values, least in (((2e-11, 7e-11), 7e-12), ((0.0, 0.0), 0.0)):
        rows: Rows = [("a", v, True, 100 << 20) for v in values * 100]
        found = made.of(partials(frame_of(rows), ["k"], calls)).row(0, named=True)
        width = found["_high.avg"] - found["_low.avg"]
        assert found["avg"] == pytest.approx(sum(values) / 2, rel=0.02)
        assert width >= least
        assert width < 1e-10 if least else width == 0.0


@pytest.mark.parametrize(("value", "expected"), [(5 * 10**14, 5 * 10**18), (-9 * 10**14, -9 * 10**18), (10**15, None)])
def test_a_sum_of_integers_that_does_not_fit_is_null(value: int, expected: int | None) -> None:
    """As it is without weights; what it is, is open."""
    calls = with_estimates([AggregateCall(name="s", function="sum", args=(Column(name="i", dtype=INT),), dtype=INT)])
    rows = frame_of([("a", 0.0, True, 10_000 << 20)]).with_columns(i=pl.lit(value, pl.Int64))
    found = EstimatedColumns(calls, 0.95).of(partials(rows, ["k"], calls))
    assert found.select("s", "_low.s", "_high.s").row(0) == (expected, -math.inf, math.inf)


def test_what_is_the_same_for_all_rows_is_added_for_each() -> None:
    """A value and a condition without a column."""
    one, true = Literal(value=1, dtype=INT), Literal(value=True, dtype=BOOL)
    called = AggregateCall(name="s", function="sum", args=(one,), where=true, dtype=INT)
    counted = AggregateCall(name="n", function="count", where=true, dtype=INT)
    frame = frame_of([("a", 1.0, True, 0), ("a", 2.0, True, 5 << 20)])
    parts = partials(frame, ["k"], with_estimates((called, counted)))
    assert parts.select("n~.k", "n~.zero", "s~.k", "s~.zero", "s~.total").row(0) == (1, 1, 1, 1, 3 << 20)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=30), st.integers(1, 29))
def test_moments_are_the_same_however_rows_are_cut(rows: Rows, cut: int) -> None:
    """Limbs that were added up are carried before they are read."""
    pieces = [frame_of(piece) for piece in (rows[:cut], rows[cut:]) if piece]
    parts = [partials(piece.with_columns(k=pl.lit("a")), ["k"], CALLS) for piece in pieces]
    whole_parts = partials(frame_of(rows).with_columns(k=pl.lit("a")), ["k"], CALLS)
    found, expected = moments_of(merged(pl.concat(parts), ["k"], CALLS)), moments_of(whole_parts)
    assert {name: v.tobytes() for name, v in found.items()} == {name: v.tobytes() for name, v in expected.items()}


def frame_of(rows: Rows) -> pl.DataFrame:
    """The rows of a stream."""
    schema = {"k": pl.String, "v": pl.Float64, "ok": pl.Boolean, WEIGHT: pl.UInt64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.int_range(pl.len()).cast(TIME_TYPE).alias(TIME), pl.int_range(pl.len()).cast(pl.UInt64).alias(ID)
    )


def check(rows: Rows, *, same: bool = False) -> None:
    """All parts are those that Python's integers give."""
    frame = frame_of(rows)
    frame = frame.with_columns(pl.lit(2_438_549, pl.UInt64).alias(WEIGHT)) if same else frame
    expected: dict[str, Counter[str]] = {"a": Counter(), "b": Counter()}
    for row in frame.iter_rows(named=True):
        expected[row["k"]].update(added(row["v"], row["ok"], row[WEIGHT] / WEIGHT_ONE - 1.0))
    for found in partials(frame, ["k"], CALLS).iter_rows(named=True):
        told = whole({n: v for n, v in found.items() if "~." in n})
        assert told == {name: expected[found["k"]][name] for name in told}


def added(value: float | None, good: bool | None, more: float) -> Counter[str]:  # noqa: FBT001 - a column
    """What one row adds to all parts beside the calls."""
    made = counted("_group~", more)
    made.update(counted("_uncounted~", more))
    made.update(counted("good~", more if good else 0.0))
    gone = int(more < 0)
    for name, orders in (("mean~", "a1 a2 b1 b2 b3"), ("spread~", "a1 a2 a3 a4 m2")):
        made.update(moments(name, value, more, orders.split()))
        made[f"{name}.zero"] = gone
    made.update(moments("some~", value if good else None, more, ["a1", "a2", "b1", "b2", "b3"]))
    made["some~.zero"] = gone * (good is not False)
    return made


def counted(name: str, more: float) -> Counter[str]:
    """Beside a count."""
    parts = {"k": more > 0, "zero": more < 0, "more": round(more * 2**20), "a0": round(more * (more + 1) * 2.0**40)}
    return Counter({f"{name}.{part}": int(number) for part, number in parts.items()})


def moments(name: str, value: float | None, more: float, orders: list[str]) -> Counter[str]:
    """Beside a value."""
    if value is None:
        return Counter()
    made = Counter({f"{name}.k": int(more > 0), f"{name}.more": round(more * 2**20)})
    x = value if math.isfinite(value) else 0.0
    factors = {"a": more * (more + 1.0), "b": more * (more + 1.0) * more, "m": more}
    made.update({f"{name}.{f}0": round(factors[f] * 2.0**40) for f in "ab"})
    made[f"{name}.total"] = round(more * x * 2.0**40) if abs(more * x) < 2.0**86 else 0
    each = [np.float64(1.0)]
    with np.errstate(over="ignore"):
        for _ in range(4):
            each.append(each[-1] * np.float64(x))
    third = abs(each[3]) * max(1.0, factors["a"], factors["b"]) < 2.0**160
    fourth = third and abs(each[4]) * max(1.0, factors["a"]) < 2.0**160
    for order in orders:
        fits = fourth if order[1] == "4" else third
        power = round(math.ldexp(each[int(order[1])], 66)) if fits else 0
        made[f"{name}.{order}"] = round(factors[order[0]] * 2.0**40) * power
    made[f"{name}.odd"] = int(more > 0 and not (fourth if "a4" in orders else third))
    return made


def whole(parts: Mapping[str, int]) -> dict[str, int]:
    """The same with one number in place of three limbs."""
    made = {name: number for name, number in parts.items() if name[-1] not in "lmh"}
    for name, low in parts.items():
        if name[-1] == "l" and f"{name[:-1]}h" in parts:
            made[name[:-1]] = low + (parts[f"{name[:-1]}m"] << 88) + (parts[f"{name[:-1]}h"] << 176)
    return made
