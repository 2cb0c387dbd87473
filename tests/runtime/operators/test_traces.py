"""Traces, against a definition in plain Python, in any portions, with restarts and disorder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.traces import TraceForm
from slac.stream.batch import ID, TIME
from tests.runtime.operators.driving import Arrivals, Driver, cut, events
from tests.runtime.operators.tracing import SCHEMAS, definition, driver, node_of, told

Record = dict[str, Any]
TRACE, OPERATION, TIMES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["f", "g"]), st.integers(0, 120)
PLACE = st.one_of(st.integers(0, 4), st.just(None), st.just(-1))


@st.composite
def garbage(draw: st.DrawFn, form: TraceForm) -> list[Record]:
    """Records that belong together by chance only."""
    return [_garbled(draw, form) for _ in range(draw(st.integers(0, 12)))]


def _garbled(draw: st.DrawFn, form: TraceForm) -> Record:
    at = draw(TIMES)
    record: Record = {TIME: at, "t": draw(st.one_of(TRACE, st.none())), "operation": draw(OPERATION)}
    match form:
        case "executions":
            tin, tout = draw(st.one_of(st.none(), st.integers(0, 130))), draw(st.integers(0, 130))
            return record | {"eoi": draw(PLACE), "ess": draw(PLACE), "tin": tin, "tout": tout}
        case "events":
            kind = draw(st.sampled_from(["before", "before", "after", "after", "strange"]))
            return record | {"order_index": draw(PLACE), "kind": kind}
        case "spans":
            names = st.sampled_from(["1", "2", "3", "4"])
            parent = draw(st.one_of(st.none(), names))
            return record | {
                "span_id": draw(names),
                "parent_id": parent,
                "start": at,
                "duration": draw(st.integers(0, 15)),
            }


@st.composite
def sound(draw: st.DrawFn, form: TraceForm, trace: str) -> list[Record]:
    """A trace as a program makes it, from which records may be lost or which may be told twice."""
    depth, now = [0], draw(TIMES)
    for _ in range(draw(st.integers(0, 5))):
        depth.append(draw(st.integers(1, depth[-1] + 1)))
    pause = st.integers(0, 4)
    rows: list[Record] = []
    open_calls: list[tuple[int, str, int]] = []

    def leave() -> None:
        nonlocal now
        now += draw(pause)
        order, operation, begun = open_calls.pop()
        if form == "events":
            rows.append(_event(trace, now, operation, len(rows), "after"))
        else:
            rows.append(_call(form, trace, order, operation, len(open_calls), begun, now, open_calls))

    for order, level in enumerate(depth):
        while len(open_calls) > level:
            leave()
        now += draw(pause)
        operation = draw(OPERATION)
        if form == "events":
            rows.append(_event(trace, now, operation, len(rows), "before"))
        open_calls.append((order, operation, now))
    while open_calls:
        leave()
    lost = draw(st.sets(st.integers(0, 20), max_size=1)) if draw(st.booleans()) else set()
    twice = draw(st.integers(0, 20)) if draw(st.integers(0, 4)) == 0 else -1
    kept = [r for n, r in enumerate(rows) if n not in lost]
    return kept + [dict(r) for n, r in enumerate(rows) if n == twice]


def _event(trace: str, at: int, operation: str, order: int, kind: str) -> Record:
    return {TIME: at, "t": trace, "operation": operation, "order_index": order, "kind": kind}


def _call(
    form: TraceForm,
    trace: str,
    order: int,
    operation: str,
    depth: int,
    begun: int,
    now: int,
    above: Sequence[tuple[int, str, int]],
) -> Record:
    record: Record = {TIME: now, "t": trace, "operation": operation}
    if form == "executions":
        return record | {"eoi": order, "ess": depth, "tin": begun, "tout": now}
    parent = str(above[-1][0]) + "s" if above else None
    return record | {"span_id": f"{order}s", "parent_id": parent, "start": begun, "duration": now - begun}


@st.composite
def streams(draw: st.DrawFn, form: TraceForm) -> list[Record]:
    """Traces and garbage."""
    rows = [r for trace in draw(st.lists(TRACE, max_size=4)) for r in draw(sound(form, trace))]
    return rows + draw(garbage(form))


def frame_of(form: TraceForm, rows: Sequence[Record]) -> pl.DataFrame:
    """Rows in the order of arrival."""
    plain = {n: pl.Int64() if isinstance(t, pl.Datetime | pl.Duration) else t for n, t in SCHEMAS[form].items()}
    return events(rows, plain).cast(dict(SCHEMAS[form]))  # type: ignore[arg-type]


def run(
    target: Driver, frame: pl.DataFrame, sizes: Sequence[int], lateness: int, *, restart: bool = True
) -> pl.DataFrame:
    """Everything that was said."""
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        target.advance(arrivals.watermark)
        if restart:
            target.restart()
    target.advance(1 << 40)
    return target.finish()


@pytest.mark.parametrize("kind", ["executions", "events", "events repaired", "spans"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_traces_are_what_the_definition_says(kind: str, data: st.DataObject) -> None:
    """In any portions, across restarts, out of order within the lateness."""
    form: TraceForm = "events" if kind.startswith("events") else kind  # type: ignore[assignment]
    rows, repair = data.draw(streams(form)), kind == "events repaired"
    lateness = data.draw(st.sampled_from([0, 30, 1000]))
    rows = sorted(rows, key=lambda r: r[TIME]) if lateness == 0 else data.draw(st.permutations(rows))
    frame = frame_of(form, rows)
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    kept = [b.frame for b in Arrivals(lateness).take(frame) if not b.late] if frame.height else []
    on_time = {int(i) for f in kept for i in f[ID]}
    numbered = [{**r, ID: n} for n, r in enumerate(rows) if n in on_time]
    node = node_of(form, repair=repair)

    out = run(driver(node), frame, sizes, lateness)

    assert sorted(told(out), key=str) == sorted(definition(form, numbered, repair=repair), key=str)
    again = run(driver(node), frame, [max(1, len(rows))], lateness, restart=False)
    assert out.equals(again) if out.height else not again.height


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_limit_gives_up_the_same_traces_in_any_portions(data: st.DataObject) -> None:
    """Those that began first, at the end of a cell of event time."""
    rows = [{**r, TIME: r[TIME] * 20_000} for r in data.draw(streams("spans"))]
    rows = [{**r, "t": data.draw(st.sampled_from("abcdefgh"))} for r in sorted(rows, key=lambda r: r[TIME])]
    frame = frame_of("spans", rows)
    node = node_of("spans", limit=2)
    slow = {"timeout": 1_000_000, "within": 3_000_000}
    node = type(node)(**{f: getattr(node, f) for f in node.__struct_fields__} | {"spec": _with(node.spec, **slow)})
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))

    out = run(driver(node), frame, sizes, 0)
    whole = run(driver(node), frame, [max(1, len(rows))], 0, restart=False)

    assert told(out) == told(whole)
    assert sum(r[4] for r in told(out)) == len(rows)


def _with(spec: Any, **changes: Any) -> Any:
    return type(spec)(**{f: getattr(spec, f) for f in spec.__struct_fields__} | changes)
