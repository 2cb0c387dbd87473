"""The state of a node in the form that the node of the next plan takes, by the rules of `slac.plan.changes.state`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any, Final

import msgspec
import polars as pl

from slac.plan.aggregates import part_columns
from slac.plan.expressions import AggregateCall
from slac.plan.machine import NO_DATA, transition_table
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    LatestJoinNode,
    StepsNode,
    TracesNode,
    ViolationNode,
    WindowNode,
)
from slac.runtime.audits.alarms import ALARM
from slac.runtime.audits.clocks import STATE
from slac.runtime.audits.engine import TOLD
from slac.runtime.audits.evaluation import CONDITION
from slac.runtime.audits.settling import WANTED
from slac.runtime.audits.slots import NEVER
from slac.runtime.operator import State
from slac.runtime.operators.window_past import GIVEN, PAST
from slac.stream.types import Schema

_SOON: Final = 0
"""An alarm that rings at the next watermark: the slot is looked at, and armed again by the new rules."""
_ALARM: Final = f"_s.{ALARM}"
_RAW: Final = frozenset({"left", "held", "waiting"})


def adapted(old: AnyNode, new: AnyNode, state: State, schemas: tuple[Schema, Schema] | None = None) -> State:
    """The state of `old` for `new`, where `fate_of` does not say that it is lost.

    `schemas`: of what their first port reads, before and now, where that is another.
    """
    frames = {name: _form(old, new, name, frame) for name, frame in state.frames.items()}
    if schemas is not None and schemas[0] != schemas[1]:
        frames = {name: _conformed(frame, *schemas) if _is_raw(new, name) else frame for name, frame in frames.items()}
    return State(state.values, frames)


@singledispatch
def _form(old: AnyNode, new: AnyNode, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """One frame of a snapshot; as it is, unless a rule of its kind says otherwise."""
    del old, new, name
    return frame


@_form.register
def _(old: WindowNode, new: AnyNode, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    assert isinstance(new, WindowNode)
    if old.aggregates == new.aggregates:
        return frame
    before = {_computes(c): c.name for c in old.aggregates}
    renamed = {before[_computes(c)]: c.name for c in new.aggregates if _computes(c) in before}
    parts = {c: owner for c in frame.columns if (owner := _owner(c, before.values())) is not None}
    if not parts:
        return frame
    named = {renamed[owner] + c.removeprefix(owner): c for c, owner in parts.items() if owner in renamed}
    first = frame.columns.index(next(iter(parts)))
    others = [pl.col(c) for c in frame.columns if c not in parts]
    if name in (PAST, GIVEN):
        return frame.select(*others, *(pl.col(c).alias(n) for n, c in named.items()))
    ordered = [pl.col(named[c]).alias(c) for c in part_columns(new.aggregates) if c in named]
    return frame.select(*others[:first], *ordered, *others[first:])


@_form.register
def _(old: LatestJoinNode, new: AnyNode, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    assert isinstance(new, LatestJoinNode)
    gone = [f"{old.alias}.{c}" for c in set(old.right_columns) - set(new.right_columns)]
    return frame.drop([c for c in gone if c in frame.columns]) if name.endswith(("recent", "latest")) else frame


@_form.register
def _(old: ViolationNode, new: AnyNode, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    del name
    return frame if _same(old, new) else _woken(frame)


@_form.register
def _(old: AbsenceNode, new: AnyNode, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    del name
    return frame if _same(old, new) else _woken(frame)


@_form.register
def _(old: AuditNode, new: AnyNode, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    del name
    assert isinstance(new, AuditNode)
    if _same(old, new):
        return frame
    before, after = transition_table(old), transition_table(new)
    start = after.states.index(after.start)
    places = {i: after.states.index(s) if s in after.states else start for i, s in enumerate(before.states)}
    wanted = {i: after.states.index(s) if s in after.states else -1 for i, s in enumerate(before.states)}
    no_data = after.conditions.index(NO_DATA)
    conditions = {
        i: after.conditions.index(c) if c in after.conditions else no_data for i, c in enumerate(before.conditions)
    }
    frame = _woken(frame)
    for column, mapping in ((f"_s.{STATE}", places), (f"_s.{TOLD}", wanted), (f"_s.{WANTED}", wanted)):
        if column in frame.columns:
            frame = frame.with_columns(pl.col(column).replace(mapping))
    return frame.with_columns(pl.col(CONDITION).replace(conditions)) if CONDITION in frame.columns else frame


def _woken(frame: pl.DataFrame) -> pl.DataFrame:
    """Whatever interval is another now: every key is looked at once."""
    return frame.with_columns(pl.lit(_SOON, pl.Int64).alias(_ALARM)) if _ALARM in frame.columns else frame


def _same(old: AnyNode, new: AnyNode) -> bool:
    return _bare(old) == _bare(new)


def _bare(node: AnyNode) -> dict[str, Any]:
    return {k: v for k, v in msgspec.structs.asdict(node).items() if k not in {"depth", "node", "inputs"}}


def _computes(call: AggregateCall) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(call, name="", sql=""))


def _owner(column: str, names: Any) -> str | None:
    """The aggregate that a column is a part of."""
    head = column.partition(".")[0]
    return head if "." in column and head in set(names) else None


def _is_raw(node: AnyNode, name: str) -> bool:
    """Whether a frame holds rows of the first input as they came."""
    port, dot, tail = name.rpartition(".")
    if dot and port == "0":
        return tail in {"waiting", "kept", "restated"}
    return isinstance(node, LatestJoinNode | StepsNode | TracesNode | WindowNode) and tail in _RAW


def _conformed(frame: pl.DataFrame, before: Schema, after: Schema) -> pl.DataFrame:
    """Rows that were read in the old form: columns that are new are NULL, those that are gone are dropped."""
    was, types = before.polars(), after.polars()
    gone = [c for c in frame.columns if c in was and c not in types]
    other = [
        pl.col(c).cast(types[c], strict=False) for c in frame.columns if c in types and frame.schema[c] != types[c]
    ]
    fresh = [pl.lit(None, t).alias(c) for c, t in types.items() if c not in frame.columns and c not in was]
    return frame.drop(gone).with_columns(*other, *fresh)


def rewrapped(state: State, *, restates: bool, doubts: bool, ports: int) -> tuple[State, Mapping[int, pl.DataFrame]]:
    """A state in the form of an operator that can run keys again (`restates`), or of one that cannot.

    The rows that wait before the operator are given beside it where that one holds none itself, by port.
    """
    was_restating = "lead" in state.values and "base" in state.values
    if was_restating and restates:
        values = {k: v for k, v in state.values.items() if k != "doubt"}
        doubt = state.values.get("doubt", _CERTAIN)
        return State({**values, "doubt": doubt} if doubts else values, state.frames), {}
    if restates:
        frames = {f"{part}.{n}": f for part in ("lead", "base") for n, f in state.frames.items()}
        values = {"mark": -NEVER, "latest": -NEVER, "ended": False, "late": 0}
        values |= {part: dict(state.values) for part in ("lead", "base")}
        return State({**values, "doubt": _CERTAIN} if doubts else values, frames), {}
    if not was_restating:
        return state, {}
    lead = State(state.values["lead"], _under("lead", state.frames))
    waiting = {i: _under(str(i), state.frames) for i in range(ports)}
    return lead, {i: frames["waiting"] for i, frames in waiting.items() if "waiting" in frames}


def _under(name: str, frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return {n.removeprefix(f"{name}."): f for n, f in frames.items() if n.startswith(f"{name}.")}


_CERTAIN: Final = {"keeps": False, "certain": NEVER, "doubted": -NEVER}
