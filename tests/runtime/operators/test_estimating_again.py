"""Windows over rows that are estimates: from what is certain to what is possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, AnyExpr, Call, Column, Literal, NamedExpr
from slac.plan.nodes import WindowNode, WindowSpec
from slac.plan.signatures import BOOL, FLOAT, INT, STRING
from slac.stream.batch import BOUNDS, ID, KEPT, SEEN, TIME, TIME_TYPE, UNDECIDED, WEIGHT
from slac.stream.types import Field, Schema
from tests.runtime.operators.driving import cut
from tests.runtime.operators.estimating import said

X, N, S = Column(name="x", dtype=FLOAT), Column(name="n", dtype=INT), Column(name="s", dtype=STRING)
HIGH: AnyExpr = Call(function=">", args=(X, Literal(value=5.0, dtype=FLOAT)), dtype=BOOL)
RANKS = ("good", "poor", "bad")
MADE: dict[str, AggregateCall] = {
    "rows": AggregateCall(name="_a0", function="count", dtype=INT),
    "high": AggregateCall(name="_a1", function="count", where=HIGH, dtype=INT),
    "total": AggregateCall(name="_a2", function="sum", args=(X,), dtype=FLOAT),
    "events": AggregateCall(name="_a3", function="sum", args=(N,), dtype=INT),
    "mean": AggregateCall(name="_a4", function="avg", args=(X,), dtype=FLOAT),
    "most": AggregateCall(name="_a5", function="max", args=(X,), dtype=FLOAT),
    "share": AggregateCall(name="_a6", function="share", args=(HIGH,), dtype=FLOAT),
    "worst": AggregateCall(name="_a7", function="worst", args=(S,), options=RANKS, dtype=STRING),
    "spread": AggregateCall(name="_a8", function="stddev_pop", args=(X,), dtype=FLOAT),
    "top": AggregateCall(name="_a9", function="sum", args=(X,), where=HIGH, dtype=FLOAT),
}


def window(kind: str = "tumbling", size: int = 100) -> WindowNode:
    """All of `MADE` by `k`."""
    project = tuple(NamedExpr(name=n, expr=Column(name=c.name, dtype=c.dtype)) for n, c in MADE.items())
    return WindowNode(
        id="w",
        block="w",
        node="central",
        schema=Schema((Field("k", STRING), *(Field(p.name, p.expr.dtype) for p in project))),
        windowed=True,
        keys=("k",),
        window=WindowSpec(kind=kind, size=size, every=100),  # type: ignore[arg-type]
        aggregates=tuple(MADE.values()),
        project=project,
        retain=10_000,
    )


def rows(values: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of windows: `low` and `high` are the bounds of x, `open` says that the row may not be there."""
    types: dict[str, Any] = {TIME: pl.Int64(), "k": pl.String(), "x": pl.Float64(), "n": pl.Int64(), "s": pl.String()}
    full = [{TIME: i, "k": "a", "n": 2, "s": "good", **v} for i, v in enumerate(values)]
    frame = pl.DataFrame([{n: r[n] for n in types} for r in full], schema=types, orient="row")
    frame = frame.with_columns(pl.col(TIME).cast(TIME_TYPE), pl.Series(ID, np.arange(len(full), dtype=np.uint64)))
    frame = frame.with_columns(pl.lit(4.0).alias(SEEN), pl.lit(2, pl.Int64).alias(KEPT))
    if any("low" in v for v in values):
        bounds = [{"x_low": v["low"], "x_high": v["high"], "s_undecided": True} if "low" in v else None for v in values]
        frame = frame.with_columns(pl.Series(BOUNDS, bounds))
    if any("open" in v for v in values):
        frame = frame.with_columns(pl.Series(UNDECIDED, [v.get("open", False) for v in values]))
    return frame


def told(made: pl.DataFrame) -> dict[str, Any]:
    """The fields of the bounds of the only row."""
    found: dict[str, Any] = made[BOUNDS].struct.unnest().row(0, named=True)
    return found


def test_from_the_least_to_the_most() -> None:
    """Sums of bounds, counts of what is certain and of what is possible."""
    made = said(window(), [rows([{"x": 4.0, "low": 3.0, "high": 6.0}, {"x": 8.0}, {"x": 1.0, "open": True}])])
    found = told(made)

    assert made.select("rows", "high", "total", "events").row(0) == (3, 1, 13.0, 6)
    assert (found["rows_low"], found["rows_high"]) == (2.0, 3.0)
    assert (found["high_low"], found["high_high"]) == (1.0, 2.0)
    assert (found["total_low"], found["total_high"]) == (11.0, 15.0)
    assert (found["events_low"], found["events_high"]) == (4.0, 6.0)
    assert (found["top_low"], found["top_high"]) == (8.0, 14.0)
    assert (found["mean_low"], found["mean_high"]) == (float("-inf"), float("inf"))
    assert (found["spread_low"], found["spread_high"]) == (float("-inf"), float("inf"))


def test_means_and_extremes_of_rows_that_are_there() -> None:
    """What rises with each value lies between what it is of the lower and of the upper bounds."""
    found = told(said(window(), [rows([{"x": 4.0, "low": 3.0, "high": 6.0}, {"x": 8.0}])]))

    assert (found["mean_low"], found["mean_high"]) == (5.5, 7.0)
    assert (found["most_low"], found["most_high"]) == (8.0, 8.0)
    assert (found["share_low"], found["share_high"]) == (0.5, 1.0)
    assert (found["rows_low"], found["rows_high"]) == (2.0, 2.0)
    assert found["worst_undecided"] is True


def test_what_has_no_bound_has_none_in_a_sum() -> None:
    """One row of which nothing is known leaves sums and means open, and counts what it may."""
    endless = float("inf")
    found = told(said(window(), [rows([{"x": 4.0, "low": -endless, "high": endless}, {"x": 8.0}])]))

    for name in ("total", "mean", "top"):
        assert (found[f"{name}_low"], found[f"{name}_high"]) == (-endless, endless), name
    assert (found["most_low"], found["most_high"]) == (8.0, endless)
    assert (found["high_low"], found["high_high"]) == (1.0, 2.0)


def test_a_certain_worst_value_decides_the_worst() -> None:
    """What is open can make nothing worse."""
    found = told(said(window(), [rows([{"x": 4.0, "low": 3.0, "high": 6.0}, {"x": 8.0, "s": "bad"}])]))
    assert found["worst_undecided"] is False


@pytest.mark.parametrize(("kind", "size"), [("hopping", 200), ("sliding", 50), ("running", 0)])
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_any_slicing_and_restart_gives_the_same(kind: str, size: int, data: Any) -> None:
    """Rows become weighted, and then estimates, in the middle of a window, and the other way round."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = [{"x": float(x), TIME: 5 * i} for i, x in enumerate(rng.integers(0, 9, 60))]
    some = [{**v, "low": v["x"] - 1, "high": v["x"] + 1} if n % 3 else v for n, v in enumerate(values)]
    thin = rows(values)[20:40].with_columns(pl.lit(3 << 20, pl.UInt64).alias(WEIGHT)).drop(SEEN, KEPT)
    parts = [rows(values)[:20], thin, rows(some)[40:]]
    order = data.draw(st.permutations([0, 1, 2]))
    parts = [parts[n].with_columns(pl.col(TIME) + pl.duration(microseconds=100 * (i - n))) for i, n in enumerate(order)]
    together = pl.concat(parts, how="diagonal")
    sizes = data.draw(st.lists(st.integers(15, 25), min_size=1, max_size=2))
    sliced = [piece for part in parts for piece in cut(part, sizes) if piece.height]

    assert said(window(kind, size), sliced, restart=True).equals(said(window(kind, size), [together]))
