"""What the blocks of a simulation hold, in words: open windows with what they would say, states of keys, rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import singledispatch
from types import MappingProxyType
from typing import Any, Final

import msgspec
import polars as pl

from slac.adapters.publication.records import plain
from slac.plan.aggregates import final_exprs, merge_exprs
from slac.plan.lowering import lower
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    LatestJoinNode,
    PatternNode,
    ViolationNode,
    WindowNode,
)
from slac.runtime.operator import BEGINNING, ENDED, State

Row = dict[str, Any]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES: Final = MappingProxyType(
    {
        "held": "rows that wait for event time",
        "left": "rows that wait for their partner",
        "latest": "latest rows to join, by key",
        "recent": "rows to join that event time has not passed",
        "panes": "open windows",
        "passed": "keys",
        "known": "keys known",
        "open": "open partial matches",
        "slots": "keys",
        "tardy": "late rows that wait",
    }
)
_MACHINE: Final = MappingProxyType(
    {
        "since": "since",
        "said": "told last",
        "last": "last row",
        "due": "told again",
        "move": "changes",
        "clock": "scheduled",
        "calms": "calms down",
    }
)
"""Instants of audits and violations, under the names that a reader knows."""
_SILENCE: Final = MappingProxyType(
    {"latest": "last row", "raised": "raised", "told": "told last", "alarm": "raised unless a row comes by"}
)
_INNER: Final = frozenset(
    {"slot", "depth", "heard", "published", "alarm", "seen", "episode", "began", "origin", "after"}
)
_TIMES: Final = frozenset({"start", "expires", "last", "at", "until", "latest", "since", "expire"})


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a node holds: what it is, how much of it, and of the key that is asked for; the first rows."""

    what: str
    count: int
    of_key: int
    rows: list[Row]


def holdings(node: AnyNode, state: State, key: Mapping[str, str], most: int) -> Iterator[Holding]:
    """All that is in a state, `most` rows of each; `key` are columns and their values as text."""
    for name, held in state.frames.items():
        if not held.height or set(held.columns) <= {"_slot", "message"}:
            continue
        frame = _merged(node, held) if isinstance(node, WindowNode) else held
        shown = _of_key(frame, key)
        if shown.height:
            rows = said(node, name, shown.head(most))
            what = _TITLES.get(name.rpartition(".")[2].rstrip("0123456789"), name)
            yield Holding(what=what, count=frame.height, of_key=shown.height, rows=rows)


def moment(at: int) -> str:
    """µs since the epoch as RFC 3339."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


@singledispatch
def said(node: AnyNode, name: str, frame: pl.DataFrame) -> list[Row]:
    """Rows of what a node holds under a name, as a reader knows them."""
    del node, name
    return [_plainly(row) for row in frame.iter_rows(named=True)]


@said.register
def _(node: AuditNode, name: str, frame: pl.DataFrame) -> list[Row]:
    states = {i: s.name for i, s in enumerate(node.states)}
    return [_machine(row, states) if name == "slots" else _plainly(row) for row in frame.iter_rows(named=True)]


@said.register
def _(node: ViolationNode, name: str, frame: pl.DataFrame) -> list[Row]:
    del node
    states = {0: "raised", 1: "not raised"}
    return [_machine(row, states) if name == "slots" else _plainly(row) for row in frame.iter_rows(named=True)]


@said.register
def _(node: AbsenceNode, name: str, frame: pl.DataFrame) -> list[Row]:
    del node
    return [_instants(row, _SILENCE) if name == "slots" else _plainly(row) for row in frame.iter_rows(named=True)]


@said.register
def _(node: LatestJoinNode, name: str, frame: pl.DataFrame) -> list[Row]:
    del name
    own = [c for c in frame.columns if c not in {f"{node.alias}.{by}" for by in node.by}]
    return [_plainly(row) for row in frame.select(own).iter_rows(named=True)]


@said.register
def _(node: PatternNode, name: str, frame: pl.DataFrame) -> list[Row]:
    del node, name
    names = ("_time", "#until")
    known = [c for c in frame.columns if c in names or not c.startswith(("#", "_"))]
    made = []
    for row in frame.select(known).iter_rows(named=True):
        until = {"until": moment(row["#until"])} if isinstance(row.get("#until"), int) else {}
        fields = {n: plain(v) for n, v in row.items() if n not in names and v is not None}
        made.append({"since": plain(row["_time"]), **until, **fields} if "_time" in row else {**until, **fields})
    return made


@said.register
def _(node: WindowNode, name: str, frame: pl.DataFrame) -> list[Row]:
    del name
    values = _aggregated(node, frame)
    if values is None:
        return [_plainly(row) for row in frame.iter_rows(named=True)]
    made = []
    for row, told in zip(frame.iter_rows(named=True), values.iter_rows(named=True), strict=True):
        kept = {"events": row["_kept"]} if row.get("_kept") is not None else {}
        keys = {k: plain(row[k]) for k in node.keys if k in row}
        made.append({**keys, **_bounds(row), **{n: plain(v) for n, v in told.items()}, **kept})
    return made


def _merged(node: WindowNode, frame: pl.DataFrame) -> pl.DataFrame:
    """Parts of one window together."""
    keys = [n for n in (*node.keys, "_start", "_expires") if n in frame.columns]
    if "_start" not in keys or not frame.select(keys).is_duplicated().any():
        return frame
    try:
        return frame.group_by(keys, maintain_order=True).agg(*merge_exprs(node.aggregates))
    except pl.exceptions.PolarsError:
        return frame


def _bounds(row: Row) -> Row:
    names = {"_start": "from", "_expires": "to", "_last": "last row"}
    return {told: moment(row[n]) for n, told in names.items() if isinstance(row.get(n), int) and abs(row[n]) < ENDED}


def _aggregated(node: WindowNode, frame: pl.DataFrame) -> pl.DataFrame | None:
    """What each window would say if it were closed now; None where its state does not tell."""
    needed = {name for call in node.aggregates for name in [f"_{call.name.removeprefix('_')}."]}
    if any(not any(c.startswith(prefix) for c in frame.columns) for prefix in needed):
        return None
    try:
        made = frame.select(*(k for k in node.keys if k in frame.columns), *final_exprs(node.aggregates))
        made = made.with_columns(lower(c.expr).alias(c.name) for c in node.project)
        for column in node.then:
            made = made.with_columns(lower(column.expr).alias(column.name))
    except (pl.exceptions.PolarsError, KeyError):
        return None
    names = [c.name for c in (*node.project, *node.then) if c.name not in node.keys]
    return made.select(list(dict.fromkeys(names)))


def _machine(row: Row, states: Mapping[int, str]) -> Row:
    keys = {n: plain(v) for n, v in row.items() if not n.startswith("_")}
    state = {"state": states.get(row["_s.state"], "not known yet")} if "_s.state" in row else {}
    events = {"events": row["_s._kept"]} if row.get("_s._kept") else {}
    return {**keys, **state, **_instants(row, _MACHINE, keys=False), **events}


def _instants(row: Row, names: Mapping[str, str], *, keys: bool = True) -> Row:
    found: Row = {n: plain(v) for n, v in row.items() if keys and not n.startswith("_")}
    for name, told in names.items():
        at = row.get(f"_s.{name}")
        if isinstance(at, int) and BEGINNING < at < ENDED:
            found[told] = moment(at)
    return found


def _plainly(row: Row) -> Row:
    found: Row = {}
    for column, value in row.items():
        name = column.removeprefix("_s.").lstrip("_")
        if column.startswith("#") or name in _INNER:
            continue
        if column == "_id":
            found["id"] = f"{value:016x}"
        elif isinstance(value, int) and not isinstance(value, bool) and name in _TIMES and column.startswith("_"):
            found |= {name: moment(value)} if BEGINNING < value < ENDED else {}
        elif value is not None or not column.startswith("_"):
            found[name] = plain(value)
    return found


def _of_key(frame: pl.DataFrame, key: Mapping[str, str]) -> pl.DataFrame:
    for column, value in key.items():
        if column in frame.columns:
            frame = frame.filter(pl.col(column).cast(pl.String) == value)
    return frame
