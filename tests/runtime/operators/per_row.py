"""Windows that give a row for each row: what they must say, in plain Python, and how they are driven."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, Column, NamedExpr
from slac.plan.nodes import WindowNode, WindowSpec
from slac.stream.batch import KEPT, TIME
from slac.stream.ids import row_ids
from slac.stream.types import Field, Float, Int, Schema, String
from tests.runtime.operators.driving import Arrivals, Driver, cut, events

INT, FLOAT, STRING = Int(), Float(), String()
SCHEMA: dict[str, Any] = {"k": pl.String(), "x": pl.Float64(), "s": pl.String()}
X, S = (Column(name="x", dtype=FLOAT),), (Column(name="s", dtype=STRING),)
CALLS = (
    AggregateCall(name="n", function="count", dtype=INT),
    AggregateCall(name="total", function="sum", args=X, dtype=FLOAT),
    AggregateCall(name="mean", function="avg", args=X, dtype=FLOAT),
    AggregateCall(name="low", function="min", args=X, dtype=FLOAT),
    AggregateCall(name="high", function="max", args=X, dtype=FLOAT),
    AggregateCall(name="first", function="first", args=S, dtype=STRING),
    AggregateCall(name="last", function="last", args=S, dtype=STRING),
    AggregateCall(name="worst", function="worst", args=S, dtype=STRING, options=("p", "q")),
)
# Text has no cumulative extreme, so that this one goes by doubling.
TEXT = AggregateCall(name="least", function="min", args=S, dtype=STRING)


def node(
    spec: WindowSpec, calls: Sequence[AggregateCall] = CALLS, keys: Sequence[str] = ("k",), retain: int = 1000
) -> WindowNode:
    """A window by `k` that gives every aggregate under its own name."""
    fields = tuple(Field(k, STRING) for k in keys) + tuple(Field(c.name, c.dtype) for c in calls)
    project = tuple(NamedExpr(name=c.name, expr=Column(name=c.name, dtype=c.dtype)) for c in calls)
    return WindowNode(
        id="b", block="b", node="", keys=tuple(keys), window=spec, aggregates=tuple(calls), project=project,
        schema=Schema(fields), retain=retain,
    )  # fmt: skip


def values(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Every aggregate over some rows, in plain Python."""
    ordered = sorted(rows, key=lambda r: (r[TIME], r["_id"]))
    numbers = [r["x"] for r in ordered if r["x"] is not None]
    texts = [r["s"] for r in ordered if r["s"] is not None]
    ranked = [t for t in texts if t in "pq"]
    return {
        "n": len(rows),
        "total": sum(numbers) if numbers else None,
        "mean": sum(numbers) / len(numbers) if numbers else None,
        "low": min(numbers, default=None),
        "high": max(numbers, default=None),
        "first": texts[0] if texts else None,
        "last": texts[-1] if texts else None,
        "worst": max(ranked, default=None),
        "least": min(texts, default=None),
    }


def on_time(frame: pl.DataFrame, lateness: int) -> list[dict[str, Any]]:
    """The rows that are not behind the watermark when they arrive."""
    watermark, kept = -(10**9), []
    for row in frame.with_columns(pl.col(TIME).to_physical()).rows(named=True):
        if row[TIME] >= watermark:
            kept.append(row)
        watermark = max(watermark, row[TIME] - lateness)
    return kept


def check(out: pl.DataFrame, expected: Sequence[dict[str, Any]], spec: WindowNode) -> None:
    """Rows and ids are those of the definition, in the order of (`_time`, `_id`)."""
    names = [c.name for c in spec.aggregates]
    if not expected:
        assert not out.height
        return
    source = pl.DataFrame(
        [{"k": e["k"], "_id": e["from"]} for e in expected], schema={"k": pl.String, "_id": pl.UInt64}
    )
    ids = row_ids(source, "doc", "b", [*spec.keys, "_id"]).to_list()
    wanted = {i: (e[TIME], e["n"], *(e[n] for n in names)) for i, e in zip(ids, expected, strict=True)}
    found = out.with_columns(pl.col(TIME).to_physical())
    assert dict(zip(found["_id"], found.select(TIME, KEPT, *names).rows(), strict=True)) == wanted
    assert out.height == len(wanted)
    assert out.equals(out.sort(TIME, "_id"))


ROW = st.fixed_dictionaries(
    {
        TIME: st.integers(0, 40),
        "k": st.sampled_from(["a", "b", None]),
        "x": st.none() | st.sampled_from([0.5, 1.25, -3.0, 1e6]),
        "s": st.none() | st.sampled_from("pqr"),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=20).map(lambda rows: events(rows, SCHEMA))
SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def feed(target: Driver, frame: pl.DataFrame, sizes: Sequence[int], lateness: int, *, restart: bool) -> pl.DataFrame:
    """Everything, in slices, to the end; perhaps with a restart after every step."""
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        if restart:
            target.restart()
        target.advance(arrivals.watermark)
    return target.finish()
