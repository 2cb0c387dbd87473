"""Trials of the operators of computations: select, join, and windows in their three roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from slac.calibration.drive import Step, outputs, prepared
from slac.calibration.expressions import AGGREGATES, FLOAT, STRING, column, more_than, named, scaled
from slac.calibration.measure import Trial
from slac.calibration.rows import SCHEMA, START, WINDOW, batch
from slac.plan.expressions import AggregateCall
from slac.plan.nodes import LatestJoinNode, SelectNode, WindowNode, WindowSpec
from slac.shedding.capacity.calibration import Work
from slac.stream.types import Field, Schema

DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How input comes: rows a batch, batches a window, distinct keys."""

    rows: int
    batches: int
    groups: int

    @property
    def touched(self) -> int:
        """Groups that one batch touches."""
        return min(self.rows, self.groups)


SHAPES: Final = (
    Shape(10, 10, 10),
    Shape(100, 10, 50),
    Shape(1_000, 6, 20),
    Shape(1_000, 6, 1_000),
    Shape(20_000, 3, 50),
    Shape(20_000, 3, 5_000),
)
QUICK: Final = (Shape(10, 6, 10), Shape(1_000, 3, 20), Shape(5_000, 2, 2_000))
WINDOWS: Final = 2
"""Windows that each trial opens and closes."""


def streams(*, quick: bool) -> Iterator[Trial]:
    """All trials of this family."""
    for shape in QUICK if quick else SHAPES:
        yield from _selects(shape)
        yield _join(shape)
        for count in (1, len(AGGREGATES)):
            yield from _windows(shape, AGGREGATES[:count])


def _selects(shape: Shape) -> Iterator[Trial]:
    passing = tuple(named(f.name, column(f.name, f.dtype)) for f in SCHEMA.fields[:3])
    for computed in (1, 4):
        columns = (*passing, *(named(f"c{i}", scaled(i + 1.5)) for i in range(computed - 1)))
        node = SelectNode(
            id="s",
            block="s",
            node="n",
            inputs=("i",),
            schema=_schema(computed - 1),
            where=more_than(-1.0),
            columns=columns,
        )
        steps: list[Step] = [(0, batch(shape.rows, shape.groups, n), None) for n in range(shape.batches)]
        rows = shape.rows * shape.batches
        work = Work(batches=shape.batches, exprs=shape.batches * computed, rows=rows, cells=rows * computed)
        yield Trial(kind="select", work=work, prepare=prepared(node, steps))


def _schema(computed: int) -> Schema:
    return Schema((*SCHEMA.fields[:3], *(Field(f"c{i}", FLOAT) for i in range(computed))))


def _join(shape: Shape) -> Trial:
    node = LatestJoinNode(
        id="j",
        block="j",
        node="n",
        inputs=("left", "right"),
        schema=Schema((*SCHEMA.fields, Field("l.other", FLOAT))),
        alias="l",
        by=("key",),
        right_columns=("other",),
        retain=DAY,
    )
    steps: list[Step] = []
    for n in range(shape.batches):
        steps.append((1, batch(shape.touched, shape.groups, n, window=n), None))
        steps.append((0, batch(shape.rows, shape.groups, n, window=n), START + (n + 1) * WINDOW))
    rows = shape.batches * (shape.rows + shape.touched)
    work = Work(batches=2 * shape.batches, rows=rows, groups=shape.batches * shape.touched)
    return Trial(kind="join", work=work, prepare=prepared(node, steps))


def _windows(shape: Shape, calls: Sequence[AggregateCall]) -> Iterator[Trial]:
    steps = _windowed(shape)
    rows = WINDOWS * shape.batches * shape.rows
    groups = WINDOWS * (shape.batches + 1) * shape.touched
    work = _work(WINDOWS * (shape.batches + 1), rows, groups, len(calls))
    for role in ("whole", "partial"):
        yield Trial(kind=f"window.{role}", work=work, prepare=prepared(window(role, calls), steps))
    yield _final(shape, calls, steps)


def _final(shape: Shape, calls: Sequence[AggregateCall], steps: Sequence[Step]) -> Trial:
    """As if every batch had come from another instance: its partial rows, then the watermark."""
    frames = [outputs(window("partial", calls), [(0, frame, START + (n + 1) * WINDOW)]) for n, frame in _parts(steps)]
    merged: list[Step] = []
    number = 0
    for _, frame, watermark in steps:
        if frame is not None:
            merged.append((0, frames[number][0], None))
            number += 1
        if watermark is not None:
            merged.append((0, None, watermark))
    rows = sum(f[0].height for f in frames)
    groups = rows + WINDOWS * shape.touched
    work = _work(len(frames) + WINDOWS, rows, groups, len(calls))
    return Trial(kind="window.final", work=work, prepare=prepared(window("final", calls), merged))


def _work(batches: int, rows: int, groups: int, aggregates: int) -> Work:
    return Work(
        batches=batches,
        exprs=batches * aggregates,
        rows=rows,
        cells=rows * aggregates,
        groups=groups,
        slots=groups * aggregates,
    )


def _parts(steps: Sequence[Step]) -> Iterator[tuple[int, pl.DataFrame]]:
    """The batches with the number of the window that each lies in."""
    number = 0
    for _, frame, watermark in steps:
        if frame is not None:
            yield number, frame
        number += watermark is not None


def _windowed(shape: Shape) -> list[Step]:
    steps: list[Step] = []
    for w in range(WINDOWS):
        steps += [(0, batch(shape.rows, shape.groups, n, window=w), None) for n in range(shape.batches)]
        steps.append((0, None, START + (w + 1) * WINDOW))
    return steps


def window(role: str, calls: Sequence[AggregateCall]) -> WindowNode:
    """A tumbling window by key, with plain columns over its aggregates."""
    kind: Literal["whole", "partial", "final"] = (
        "whole" if role == "whole" else "partial" if role == "partial" else "final"
    )
    return WindowNode(
        id="w",
        block="w",
        node="n",
        inputs=("i",),
        schema=Schema((SCHEMA.fields[0], *(Field(c.name[1:], c.dtype) for c in calls))),
        windowed=True,
        role=kind,
        keys=("key",),
        window=WindowSpec(kind="tumbling", size=WINDOW, every=WINDOW),
        aggregates=tuple(calls),
        project=(named("key", column("key", STRING)), *(named(c.name[1:], column(c.name, c.dtype)) for c in calls)),
        retain=DAY,
    )
