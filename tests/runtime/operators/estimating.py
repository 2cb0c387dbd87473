"""Rows of which a gate kept a part, and windows over them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from slac.plan.expressions import AggregateCall, AnyExpr, Call, Case, Cast, Column, Literal, NamedExpr
from slac.plan.nodes import WindowNode, WindowSpec
from slac.plan.signatures import BOOL, FLOAT, INT, STRING
from slac.runtime.operator import Operator
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ID, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE, Batch
from slac.stream.types import Field, Schema
from tests.runtime.operators.driving import CONTEXT

V, BAD = Column(name="v", dtype=FLOAT), Column(name="bad", dtype=BOOL)
MADE: tuple[tuple[str, AggregateCall], ...] = (
    ("n", AggregateCall(name="_a0", function="count", dtype=INT)),
    ("total", AggregateCall(name="_a1", function="sum", args=(V,), dtype=FLOAT)),
    ("mean", AggregateCall(name="_a2", function="avg", args=(V,), dtype=FLOAT)),
    ("failed", AggregateCall(name="_a3", function="count", where=BAD, dtype=INT)),
    ("share", AggregateCall(name="_a4", function="share", args=(BAD,), dtype=FLOAT)),
    ("spread", AggregateCall(name="_a5", function="stddev_pop", args=(V,), dtype=FLOAT)),
    ("median", AggregateCall(name="_a6", function="median", args=(V,), dtype=FLOAT)),
    ("most", AggregateCall(name="_a7", function="max", args=(V,), dtype=FLOAT)),
)
SECOND = 1_000_000


def more_than(value: AnyExpr, limit: float) -> AnyExpr:
    """`value > limit`."""
    return Call(function=">", args=(value, Literal(value=limit, dtype=FLOAT)), dtype=BOOL)


STATE: AnyExpr = Case(
    branches=((more_than(Column(name="mean", dtype=FLOAT), 1.0), Literal(value="slow", dtype=STRING)),),
    otherwise=Literal(value="quick", dtype=STRING),
    dtype=STRING,
)
RATIO: AnyExpr = Call(
    function="/", args=tuple(Cast(arg=Column(name=n, dtype=INT), dtype=FLOAT) for n in ("failed", "n")), dtype=FLOAT
)
THEN = (NamedExpr(name="ratio", expr=RATIO), NamedExpr(name="state", expr=STATE))


def window(
    kind: str = "tumbling", size: int = 10 * SECOND, names: Iterable[str] = (), *, then: bool = True, **more: Any
) -> WindowNode:
    """By `k` over all of `MADE`, or those called `names`."""
    chosen = [(name, call) for name, call in MADE if name in set(names) or not names]
    project = tuple(NamedExpr(name=n, expr=Column(name=c.name, dtype=c.dtype)) for n, c in chosen)
    extra = THEN if then and not names else ()
    fields = [Field("k", STRING), *(Field(p.name, p.expr.dtype) for p in (*project, *extra))]
    settings: dict[str, Any] = {"retain": 3600 * SECOND, "keys": ("k",), **more}
    return WindowNode(
        id="w",
        block="w",
        node="central",
        schema=Schema(tuple(fields)),
        windowed=True,
        window=WindowSpec(kind=kind, size=size, every=10 * SECOND),  # type: ignore[arg-type]
        aggregates=tuple(call for _, call in chosen),
        project=project,
        then=extra,
        **settings,
    )


def events(count: int, *, seed: int = 0, keys: int = 3, span: int = 60 * SECOND) -> pl.DataFrame:
    """Rows in the order of time with exponential values, one in a hundred of which is bad."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            TIME: pl.Series(np.sort(rng.integers(0, span, count))).cast(TIME_TYPE),
            ID: pl.Series(np.arange(count, dtype=np.uint64)),
            "k": [f"k{n}" for n in rng.integers(0, keys, count)],
            "v": rng.exponential(1, count),
            "bad": rng.random(count) < 0.01,
        }
    )


def thinned(frame: pl.DataFrame, share: float, *, seed: int = 1) -> pl.DataFrame:
    """What a gate lets pass of them, with its weight."""
    kept = np.random.default_rng(seed).random(frame.height) < share
    return frame.filter(pl.Series(kept)).with_columns(pl.lit(round(WEIGHT_ONE / share), pl.UInt64).alias(WEIGHT))


def said(node: WindowNode, frames: Iterable[pl.DataFrame], *, restart: bool = False) -> pl.DataFrame:
    """All that a window says, its columns and rows in one order; the watermark follows the rows."""
    operator: Operator = build_operator(node, CONTEXT)
    out: list[Batch] = []
    for frame in frames:
        out += operator.on_batch(0, Batch(frame))
        out += worked(operator, int(frame[TIME].cast(pl.Int64).max()))  # type: ignore[arg-type]
        if restart:
            state, operator = operator.snapshot(), build_operator(node, CONTEXT)
            operator.restore(state)
    out += worked(operator, 1 << 61, end=True)
    made = pl.concat([batch.frame for batch in out], how="diagonal")
    return made.select(sorted(made.columns)).sort(TIME, ID)


def worked(operator: Operator, watermark: int, *, end: bool = False) -> list[Batch]:
    """What becomes due by `watermark`."""
    due = operator.next_due()
    return [] if due is None or due > watermark else list(operator.on_watermark(watermark, end=end))
