"""What the tests of audits, violations and absences share: nodes, rows in, and what came out as plain tuples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.nodes import AuditNode, ReportBody, StateSpec
from slac.plan.reports import report_schema
from slac.runtime.operators.audit import AuditOperator
from slac.stream.batch import ID, TIME, TIME_TYPE, Batch
from slac.stream.types import AnyType, Bool, Field, Int, Schema, String
from tests.runtime.operators.driving import CONTEXT, Driver

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def column(name: str, dtype: AnyType | None = None) -> Column:
    """A column, of text unless said otherwise."""
    return Column(name=name, dtype=dtype or String())


def constant(value: str | float | None, dtype: AnyType | None = None) -> Literal:
    """A constant, of text unless said otherwise."""
    return Literal(value=value, dtype=dtype or String())


def call(function: str, *args: AnyExpr) -> Call:
    """A condition."""
    return Call(function=function, args=args, dtype=Bool())


def state_is(name: str) -> AnyExpr:
    """`state = '<name>'`."""
    return call("=", column("state"), constant(name))


def audit_node(
    every: dict[str, int | None],
    *,
    initial: str | None = None,
    no_data: Any = "hold",
    retain: int = 24 * HOUR,
    verdicts: dict[str, Any] | None = None,
    bodies: Sequence[tuple[ReportBody, Schema]] = (),
) -> AuditNode:
    """An audit by `module` over rows of `module`, `state`: one state a name, led to by `state = name`."""
    verdicts = verdicts or {}
    keys = (Field("module", String()),)
    states = tuple(
        StateSpec(name=n, when=state_is(n), verdict=verdicts.get(n, "ok"), report_every=e) for n, e in every.items()
    )
    return AuditNode(
        id="availability",
        block="availability",
        node="central",
        schema=report_schema(keys, tuple((b.name, s) for b, s in bodies)),
        keys=("module",),
        states=states,
        initial=initial,
        no_data=no_data,
        report=tuple(b for b, _ in bodies),
        retain=retain,
    )


def audit(node: AuditNode) -> Driver:
    """The audit at work."""
    return Driver(lambda: AuditOperator(node, CONTEXT))


def states(rows: Iterable[tuple[int, str | None, str | None]]) -> pl.DataFrame:
    """Rows of (time in µs, module, state)."""
    listed = list(rows)
    frame = pl.DataFrame(
        {
            TIME: [r[0] for r in listed],
            ID: list(range(len(listed))),
            "module": [r[1] for r in listed],
            "state": [r[2] for r in listed],
        },
        schema={TIME: pl.Int64(), ID: pl.UInt64(), "module": pl.String(), "state": pl.String()},
    )
    return frame.with_columns(pl.col(TIME).cast(TIME_TYPE))


def batch(frame: pl.DataFrame) -> list[Batch]:
    """The frame as what a port gets."""
    return [Batch(frame)] if frame.height else []


def told(frames: Iterable[pl.DataFrame], *columns: str) -> list[tuple[Any, ...]]:
    """Rows out as tuples, instants in µs; `_time` first."""
    found: list[tuple[Any, ...]] = []
    for frame in frames:
        chosen = frame.select(TIME, *columns)
        found += chosen.with_columns(pl.col(pl.Datetime).to_physical()).rows()
    return found


__all__ = ["HOUR", "MINUTE", "Int", "audit", "audit_node", "batch", "call", "column", "constant", "states", "told"]
