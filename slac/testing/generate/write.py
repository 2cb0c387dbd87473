"""Generated traces as a file of tests, with what blocks made of them as expectations, or as NDJSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from slac.language.durations import format_duration
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.stream.types import Duration, List, Map, Struct, Timestamp
from slac.testing.cases.streams import streams_of
from slac.testing.cases.values import written
from slac.testing.generate.search import Generated, Reached
from slac.testing.generate.simulate import START, Event, Trace, record
from slac.testing.generate.targets import Target
from slac.testing.harness import Harness

_DAY: Final = 86_400_000_000
_MOST_ROWS: Final = 20
_SERIES: Final = 4
"""So many equal events are written as a series."""
TICK: Final = 30_000_000


def as_tests(generated: Generated, plan: Plan, document: str) -> str:
    """A file `X.test.yaml`; `plan` is the document placed on its nodes, whose harness says what is expected."""
    head = [
        "# Written by slac generate: a minimal trace for each state, transition, threshold and branch.",
        *(f"# not reached: {t.block}, {t.text}: {why}" for t, why in generated.missed),
        "apiVersion: slac/v1",
        "kind: Test",
        f"document: {_scalar(document)}",
        f"tests:{'' if generated.reached else ' []'}",
    ]
    return "\n".join([*head, *(line for r in generated.reached for line in _test(r, plan))]) + "\n"


def as_ndjson(generated: Generated, plan: Plan) -> str:
    """Records in wire form, with `input` and `target` beside them; each trace on a day of its own."""
    sources = {n.block: n for n in plan.nodes if isinstance(n, SourceNode)}
    lines = []
    for day, reached in enumerate(generated.reached):
        for event in reached.trace.events:
            moved = Event(event.at + day * _DAY, event.kind)
            marks = {"input": event.kind.source, "target": f"{reached.target.block}: {reached.target.text}"}
            lines.append(orjson.dumps(record(sources[event.kind.source], moved) | marks).decode())
    return "".join(f"{line}\n" for line in lines)


def _test(reached: Reached, plan: Plan) -> Iterator[str]:
    target, trace = reached.target, reached.trace
    yield f"  - name: {_scalar(f'{target.block}: {target.text}')}"
    yield "    steps:"
    clock = 0
    for run in _alike(trace.events):
        lines, clock = _series(run) if len(run) >= _SERIES else _given(run)
        yield from lines
    if trace.until > clock:
        yield f"      - wait: {format_duration(trace.until - clock)}"
    yield "      - expect:"
    yield from _expected(target, trace, plan)


def _alike(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Runs of equal events at equal distances, and single events."""
    run: list[Event] = []
    for event in events:
        regular = len(run) < 2 or event.at - run[-1].at == run[1].at - run[0].at
        if run and not (run[0].kind == event.kind and regular and event.at > run[-1].at):
            yield from [run] if len(run) >= _SERIES else [[e] for e in run]
            run = []
        run.append(event)
    yield from [run] if len(run) >= _SERIES else [[e] for e in run]


def _series(run: Sequence[Event]) -> tuple[list[str], int]:
    """A series, and the instant at which it ends."""
    every, kind = run[1].at - run[0].at, run[0].kind
    times = f"every: {format_duration(every)}, for: {format_duration(every * len(run))}"
    row = _row({n: v for n, v in kind.values if v is not None})
    line = f"      - series: {{block: {kind.source}, {times}, from: {format_duration(run[0].at)}, row: {row}}}"
    return [line], run[-1].at + every


def _given(run: Sequence[Event]) -> tuple[list[str], int]:
    event = run[0]
    row = _row({"at": format_duration(event.at)} | {n: v for n, v in event.kind.values if v is not None})
    return [f"      - given: {{{event.kind.source}: [{row}]}}"], event.at


def _expected(target: Target, trace: Trace, plan: Plan) -> Iterator[str]:
    rows = _rows(target, trace, plan)
    if not rows:
        yield f"          {target.block}: none"
    elif len(rows) > _MOST_ROWS:
        yield f"          {target.block}: {{count: {len(rows)}}}"
    else:
        yield f"          {target.block}:"
        yield from (f"            - {_row(row)}" for row in rows)


def _rows(target: Target, trace: Trace, plan: Plan) -> list[dict[str, Any]]:
    """What the target's block made, as a test would write it: `at`, and every plain column that is exact."""
    harness = run_trace(plan, trace)
    stream = streams_of(plan)[target.block]
    plain = [n for n, f in stream.fields.items() if not isinstance(f.dtype, Struct | List | Map | Timestamp | Duration)]
    made = harness.made(target.block)
    return [
        {"at": written(row["_time"], START), **{n: row[n] for n in plain if n in row}}
        for row in (made.to_dicts() if made.height else [])
    ]


def run_trace(plan: Plan, trace: Trace) -> Harness:
    """The harness after a trace, ticking as `slac test` does."""
    sources = {n.block: n for n in plan.nodes if isinstance(n, SourceNode)}
    harness = Harness(plan, live=True, start=START)
    for event in trace.events:
        if START + event.at > harness.clock.now():
            harness.advance(START + event.at - harness.clock.now(), step=TICK)
        harness.give(event.kind.source, [record(sources[event.kind.source], event)])
    harness.advance(START + trace.until - harness.clock.now(), step=TICK)
    return harness


def _row(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{k}: {_scalar(v)}" for k, v in values.items()) + "}"


def _scalar(value: Any) -> str:
    """A value as YAML in one line, which JSON is too; plain words stand bare."""
    if isinstance(value, str) and value.isidentifier() and value.lower() not in {"null", "true", "false", "nan"}:
        return value
    if isinstance(value, str) and value[:1].isdigit() and value.isalnum() and not value.isdigit() and "e" not in value:
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    return json.dumps(value, ensure_ascii=False)
