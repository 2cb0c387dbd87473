"""What rows with weights add beside aggregates is what its definition says, row by row, in Python's own integers."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregates import partials
from slac.plan.estimates.calls import with_estimates
from slac.plan.expressions import AggregateCall, Column
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
LANES = (("a", 0.0, 2.0**40, 60), ("b", 2.0**40, 2.0**100, 0), ("c", 2.0**100, 2.0**160, -60))
VALUES = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([0.0, 3e-9, 1e9, -1e15, 1e30, 1e52, 1e300, math.inf, math.nan, None])
)
ROWS = st.tuples(
    st.sampled_from(["a", "b"]), VALUES, st.sampled_from([True, False, None]), st.sampled_from([0, 1 << 20, 2_438_549])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30), st.booleans())
def test_parts_are_sums_of_what_each_row_adds(rows: list[tuple[str, float, bool, int]], same: bool) -> None:  # noqa: FBT001 - drawn
    """Of each moment in three lanes, of counts, and of values that are missing, infinite or not asked for."""
    schema = {"k": pl.String, "v": pl.Float64, "ok": pl.Boolean, WEIGHT: pl.UInt64}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.int_range(pl.len()).cast(TIME_TYPE).alias(TIME), pl.int_range(pl.len()).cast(pl.UInt64).alias(ID)
    )
    frame = frame.with_columns(pl.lit(2_438_549, pl.UInt64).alias(WEIGHT)) if same else frame
    expected: dict[str, Counter[str]] = {"a": Counter(), "b": Counter()}
    for row in frame.iter_rows(named=True):
        expected[row["k"]].update(added(row["v"], row["ok"], row[WEIGHT] / WEIGHT_ONE - 1.0))
    for found in partials(frame, ["k"], CALLS).iter_rows(named=True):
        told = {n: v for n, v in found.items() if "~." in n}
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
    made[f"{name}.total"] = round(more * x * 2.0**40) if abs(more * x) < 2.0**62 else 0
    powers = [np.float64(1.0), np.float64(x)]
    with np.errstate(over="ignore"):
        for _ in range(3):
            powers.append(powers[-1] * np.float64(x))
    with np.errstate(over="ignore", invalid="ignore"):
        made_of = {order: float(np.float64(factors[order[0]]) * powers[int(order[1])]) for order in orders}
    for order, product in made_of.items():
        for lane, least, edge, scale in LANES:
            made[f"{name}.{order}{lane}"] = round(math.ldexp(product, scale)) if least <= abs(product) < edge else 0
    made[f"{name}.odd"] = int(more > 0 and not abs(made_of[max(orders)]) < 2.0**160)
    return made
