"""Traces by definition: what a trace is, gone through record by record in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from slac.plan.nodes import TracesNode
from slac.plan.traces import ROLES, TraceForm, TraceSpec, trace_schema
from slac.runtime.operators.traces import TracesOperator
from slac.stream.batch import ID, TIME
from slac.stream.types import Field, String
from tests.runtime.operators.driving import CONTEXT, Driver

TIMEOUT, WITHIN, RETAIN = 10, 40, 50
Record = dict[str, Any]
INSTANT = pl.Datetime("us", "UTC")
SCHEMAS: dict[TraceForm, dict[str, Any]] = {
    "executions": {
        "t": pl.String(),
        "operation": pl.String(),
        "eoi": pl.Int64(),
        "ess": pl.Int64(),
        "tin": INSTANT,
        "tout": INSTANT,
    },
    "events": {"t": pl.String(), "operation": pl.String(), "order_index": pl.Int64(), "kind": pl.String()},
    "spans": {
        "t": pl.String(),
        "operation": pl.String(),
        "span_id": pl.String(),
        "parent_id": pl.String(),
        "start": INSTANT,
        "duration": pl.Duration("us"),
    },
}


def node_of(form: TraceForm, *, limit: int = 1000, repair: bool = False, by_host: bool = False) -> TracesNode:
    """Traces by `t`, with the default columns and the calls listed."""
    columns = {role: column for role, (column, _) in ROLES[form].items()}
    if by_host:
        columns["host"] = "host"
    spec = TraceSpec(
        form=form,
        columns=columns,
        timeout=TIMEOUT,
        within=WITHIN,
        limit=limit,
        repair=repair,
        operations=True,
        by_host=by_host,
    )
    key = (Field("t", String(), nullable=False),)
    schema = trace_schema(key, spec)
    return TracesNode(id="x", block="x", node="n", schema=schema, keys=("t",), spec=spec, retain=RETAIN)


def driver(node: TracesNode) -> Driver:
    """The operator of a node."""
    return Driver(lambda: TracesOperator(node, CONTEXT))


@dataclass(frozen=True, slots=True)
class Ended:
    """Records of one trace, when it ended, by what, and whether an earlier trace of its key was near."""

    records: list[Record]
    at: int
    cause: str
    fragment: bool


Row = tuple[Any, ...]


def definition(form: TraceForm, records: Sequence[Record], *, repair: bool = False) -> list[Row]:
    """(time, trace, valid, reason, calls, [(operation, depth)…]) of all traces, in order of time and key."""
    found = []
    named = (r for r in records if r["t"] is not None)
    for _, group in groupby(sorted(named, key=lambda r: (r["t"], r[TIME], r[ID])), key=lambda r: r["t"]):
        found += [_row(form, e, repair=repair) for e in _cut(form, list(group))]
    return sorted(found, key=lambda r: (r[0], r[1]))


def _cut(form: TraceForm, records: list[Record]) -> Iterator[Ended]:
    previous = -(10**9)
    while records:
        fragment = records[0][TIME] - previous < RETAIN
        for n in range(1, len(records) + 1):
            at, cause = _over(form, records[:n], fragment=fragment)
            if n == len(records) or records[n][TIME] >= at:
                yield Ended(records[:n], at, cause, fragment)
                previous, records = at, records[n:]
                break


def _over(form: TraceForm, records: list[Record], *, fragment: bool) -> tuple[int, str]:
    """When a trace with these records is over, if nothing more of it comes."""
    reach = max(max(r[TIME], *(t for t in _times(form, r) if t is not None)) for r in records)
    cap = records[0][TIME] + WITHIN
    ends = [(min(reach, cap) + TIMEOUT, "silent"), (cap, "within")]
    if not fragment and (complete := _complete(form, records)) is not None:
        ends.insert(0, (complete + 1, "complete"))
    return min(ends, key=lambda e: e[0])


def _times(form: TraceForm, record: Record) -> list[int | None]:
    match form:
        case "events":
            return [record[TIME]]
        case "executions":
            return [record["tin"], record["tout"]]
        case "spans":
            start = record["start"]
            return [start, None if start is None or record["duration"] is None else start + record["duration"]]


def _complete(form: TraceForm, records: list[Record]) -> int | None:
    latest = max(r[TIME] for r in records)
    if form == "spans":
        return None
    place = "eoi" if form == "executions" else "order_index"
    if sorted(r[place] if r[place] is not None else -1 for r in records) != list(range(len(records))):
        return None
    if form == "events":
        level = sum({"before": 1, "after": -1}.get(r["kind"], 0) for r in records)
        return latest if level == 0 else None
    root = next(r for r in records if r["eoi"] == 0)["tout"]
    return int(max(latest, root)) if root is not None else latest


def _row(form: TraceForm, ended: Ended, *, repair: bool) -> Row:
    reason, calls = {"executions": _executions, "events": _events, "spans": _spans}[form](ended.records)
    first = ended.records[0]["t"]
    mended = (
        _mended(ended.records) if repair and form == "events" and reason in ("gap", "stack", "missing_end") else None
    )
    if mended is not None:
        reason, calls = None, mended
    if ended.cause == "within" and reason in ("gap", "stack", "missing_end"):
        reason = "within"
    if ended.fragment:
        reason = "fragment"
    count = len(ended.records)
    if form == "events":
        count = sum(r["kind"] == "before" for r in ended.records)
    time = ended.at - (ended.cause == "complete")
    return time, first, reason is None, reason, count, calls if reason is None else []


def _executions(records: list[Record]) -> tuple[str | None, list[tuple[str, int]]]:
    places = [r["eoi"] for r in records]
    if any(r[c] is None for r in records for c in ("eoi", "ess", "tin", "tout", "operation")) or min(places) < 0:
        return "malformed", []
    if any(r["ess"] < 0 for r in records):
        return "malformed", []
    if len(set(places)) < len(places):
        return "duplicate", []
    if sorted(places) != list(range(len(places))):
        return "gap", []
    calls = [(r["operation"], r["ess"]) for r in sorted(records, key=lambda r: r["eoi"])]
    depth = -1
    for n, (_, level) in enumerate(calls):
        if level > depth + 1 or (level == 0) != (n == 0):
            return "stack", []
        depth = level
    return None, calls


def _events(records: list[Record]) -> tuple[str | None, list[tuple[str, int]]]:
    places = [r["order_index"] for r in records]
    if any(p is None or p < 0 for p in places) or any(r["kind"] not in ("before", "after") for r in records):
        return "malformed", []
    if any(r["operation"] is None for r in records):
        return "malformed", []
    if len(set(places)) < len(places):
        return "duplicate", []
    if sorted(places) != list(range(len(places))):
        return "gap", []
    stack: list[str] = []
    calls: list[tuple[str, int]] = []
    ordered = sorted(records, key=lambda r: r["order_index"])
    balance = 0
    for n, record in enumerate(ordered):
        balance += 1 if record["kind"] == "before" else -1
        if balance < 0 or (balance == 0 and n < len(ordered) - 1):
            return "stack", []
    if balance > 0:
        return "missing_end", []
    for record in ordered:
        if record["kind"] == "before":
            calls.append((record["operation"], len(stack)))
            stack.append(record["operation"])
        elif stack.pop() != record["operation"]:
            return "stack", []
    return None, calls


def _mended(records: list[Record]) -> list[tuple[str, int]] | None:
    stack: list[str] = []
    calls: list[tuple[str, int]] = []
    ordered = sorted(records, key=lambda r: r["order_index"])
    if ordered[0]["order_index"] != 0 or ordered[0]["kind"] != "before":
        return None
    for record in ordered:
        if record["kind"] == "before":
            if calls and not stack:
                return None
            calls.append((record["operation"], len(stack)))
            stack.append(record["operation"])
        else:
            if record["operation"] not in stack:
                return None
            while stack.pop() != record["operation"]:
                pass
    return calls


def _spans(records: list[Record]) -> tuple[str | None, list[tuple[str, int]]]:
    if any(r[c] is None for r in records for c in ("operation", "span_id", "start", "duration")):
        return "malformed", []
    names = [r["span_id"] for r in records]
    if len(set(names)) < len(names):
        return "duplicate", []
    by_name = {r["span_id"]: r for r in records}
    roots = [r for r in records if r["parent_id"] is None]
    if not roots or any(r["parent_id"] is not None and r["parent_id"] not in by_name for r in records):
        return "gap", []
    depths = {}
    for record in records:
        depth, at = 0, record
        while at["parent_id"] is not None and depth <= len(records):
            depth, at = depth + 1, by_name[at["parent_id"]]
        depths[record["span_id"]] = depth
    if len(roots) > 1 or max(depths.values()) > len(records):
        return "stack", []
    ordered = sorted(records, key=lambda r: (r["start"], depths[r["span_id"]], r[TIME], r[ID]))
    return None, [(r["operation"], depths[r["span_id"]]) for r in ordered]


def told(frame: pl.DataFrame) -> list[Row]:
    """What the operator said, in the form of `definition`."""
    if not frame.height:
        return []
    rows = frame.with_columns(pl.col(TIME).to_physical()).rows(named=True)
    return [
        (
            r[TIME],
            r["t"],
            r["valid"],
            r["reason"],
            r["calls"],
            [(o["operation"], o["depth"]) for o in r["operations"]],
        )
        for r in rows
    ]
