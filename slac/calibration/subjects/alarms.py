"""Trials of what judges: audits, violations and absences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from slac.calibration.drive import Step, outputs, prepared
from slac.calibration.expressions import AGGREGATES, INT, column, more_than, named
from slac.calibration.measure import Trial
from slac.calibration.rows import SCHEMA, START, WINDOW, batch
from slac.calibration.subjects.streams import DAY, window
from slac.plan.nodes import AbsenceNode, AnyNode, AuditNode, ReportBody, StateSpec, ViolationNode
from slac.plan.reports import report_schema, violation_schema
from slac.shedding.capacity.calibration import Work
from slac.stream.types import Field, Float, Schema

SHAPES: Final = ((10, 4), (100, 4), (2_000, 3))
"""Keys, and windows that each of them has a row in."""
QUICK: Final = ((10, 3), (500, 2))
KEY: Final = SCHEMA.fields[:1]
BODY: Final = Schema((Field("runs", INT),))
LIMIT: Final = 1_000_000.0
"""Values of a window lie on both sides of it, so that states change."""


def alarms(*, quick: bool) -> Iterator[Trial]:
    """All trials of this family."""
    for keys, windows in QUICK if quick else SHAPES:
        frames = _window_rows(keys, windows)
        steps = _steps(frames)
        rows = sum(f.height for f in frames)
        yield _audit(frames, bodies=False)
        yield _audit(frames, bodies=True)
        node = _violation()
        yield _judged("violation", node, steps, rows)
        yield _absence(keys, windows)


def _window_rows(keys: int, windows: int) -> list[pl.DataFrame]:
    """What a window by key gives out, one frame a window, with the columns `key`, `value` and `text`."""
    steps: list[Step] = []
    for w in range(windows):
        steps += [(0, batch(keys, keys, 7 * w + n, window=w), None) for n in range(2)]
        steps.append((0, None, START + (w + 1) * WINDOW))
    frames = outputs(window("whole", AGGREGATES), steps)
    return [f.rename({"a1": "value", "a3": "text"}) for f in frames]


def _steps(frames: list[pl.DataFrame], port: int = 0) -> list[Step]:
    return [(port, frame, START + (n + 1) * WINDOW) for n, frame in enumerate(frames)]


def _audit(frames: list[pl.DataFrame], *, bodies: bool) -> Trial:
    value = column("value", Float())
    states = (
        StateSpec(name="high", when=more_than(LIMIT, value), verdict="violated", report_every=WINDOW),
        StateSpec(name="low", when=more_than(-1.0, value), verdict="ok", report_every=2 * WINDOW),
    )
    body = ReportBody(
        name="cases",
        port=1,
        by=("text",),
        aggregates=AGGREGATES[:1],
        project=(named("runs", column("_a0", INT)),),
    )
    node = AuditNode(
        id="a",
        block="a",
        node="n",
        inputs=("i", "i") if bodies else ("i",),
        schema=report_schema(KEY, (("cases", Schema((SCHEMA.fields[1], *BODY.fields))),) if bodies else ()),
        keys=("key",),
        states=states,
        report=(body,) if bodies else (),
        retain=DAY,
    )
    steps: list[Step] = []
    for port, frame, watermark in _steps(frames):
        if bodies:
            steps.append((1, frame, None))
        steps.append((port, frame, watermark))
    rows = sum(f.height for f in frames)
    given = outputs(node, steps)
    reports = sum(f.height for f in given)
    listed = sum(int(f["cases"].list.len().sum()) for f in given) if bodies else 0
    work = Work(batches=len(steps), rows=rows, cells=rows if bodies else 0, groups=reports + listed)
    return Trial(kind="audit", work=work, prepare=prepared(node, steps))


def _violation() -> ViolationNode:
    return ViolationNode(
        id="v",
        block="v",
        node="n",
        inputs=("i",),
        schema=violation_schema(KEY),
        keys=("key",),
        condition=more_than(LIMIT, column("value", Float())),
        retain=DAY,
    )


def _judged(kind: str, node: AnyNode, steps: list[Step], rows: int) -> Trial:
    given = sum(f.height for f in outputs(node, steps))
    return Trial(kind=kind, work=Work(batches=len(steps), rows=rows, groups=given), prepare=prepared(node, steps))


def _absence(keys: int, windows: int) -> Trial:
    node = AbsenceNode(
        id="x",
        block="x",
        node="n",
        inputs=("i",),
        schema=violation_schema(KEY),
        keys=("key",),
        silence=WINDOW // 4,
        retain=DAY,
    )
    frames = [batch(4 * keys, keys, w, window=w) for w in range(windows)]
    rows = sum(f.height for f in frames)
    work = Work(batches=windows, rows=rows, groups=windows * keys)
    return Trial(kind="absence", work=work, prepare=prepared(node, _steps(frames)))
