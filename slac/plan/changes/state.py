"""What becomes of the state of a node when its block changes: the rules, one for each kind of node that has state.

`kept`: the new node goes on with it as it is. `rebuilt`: it can be turned into the new form, and what that loses is
said. `lost`: the new node starts empty. A rule looks at one node; what comes from upstream is said by `compare`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Literal

import msgspec

from slac.plan.columnar_patterns import pattern_way
from slac.plan.expressions import AggregateCall
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LateNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    Node,
    OutputNode,
    PatternNode,
    SelectNode,
    SourceNode,
    StepsNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)

Outcome = Literal["kept", "rebuilt", "lost"]


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a state, and the reason in words that follow `because`."""

    outcome: Outcome
    why: str


def worst(fates: Iterable[Fate]) -> Fate | None:
    """The fate of several states together: that of the one which fares worst; None for no state at all."""
    order: tuple[Outcome, ...] = ("lost", "rebuilt", "kept")
    return min(fates, key=lambda f: order.index(f.outcome), default=None)


def is_stateful(node: AnyNode) -> bool:
    """Whether a node remembers anything from one batch to the next that its readers would miss."""
    return not isinstance(node, SelectNode | UnionNode | LateNode | OutputNode | LinkInNode | LinkOutNode)


def fate_of(old: AnyNode, new: AnyNode) -> Fate:
    """What becomes of the state of `old` when `new`, of the same id, takes its place."""
    if type(old) is not type(new):
        return Fate(outcome="lost", why=f"it was a {_kind(old)} and is a {_kind(new)}")
    return _fate(old, new)


@singledispatch
def _fate(old: AnyNode, new: AnyNode) -> Fate:
    if _without(old, "depth", "node") == _without(new, "depth", "node"):
        return _kept("nothing of it is different")
    return _lost(f"no rule says what a {_kind(old)} keeps")


@_fate.register
def _(old: SourceNode, new: AnyNode) -> Fate:
    assert isinstance(new, SourceNode)
    if old.adapter != new.adapter:
        return _lost("positions of one adapter mean nothing to another")
    if _without(old, "settings", "rate") != _without(new, "settings", "rate"):
        return _kept("read positions and sequences hold for any form of the events; what is read already stays so")
    return _kept("read positions belong to the sources; one that is new is read from its beginning")


@_fate.register
def _(old: LatestJoinNode, new: AnyNode) -> Fate:
    assert isinstance(new, LatestJoinNode)
    if old.by != new.by:
        return _lost("it is kept by other columns")
    if not set(new.right_columns) <= set(old.right_columns):
        added = sorted(set(new.right_columns) - set(old.right_columns))
        return _lost(f"the rows that it holds do not have {', '.join(added)}")
    if old.right_columns != new.right_columns:
        return Fate(outcome="rebuilt", why="columns that nobody reads any more are dropped from it")
    if bool(old.restate) != bool(new.restate):
        return Fate(outcome="rebuilt", why="the latest rows stay; what was joined before is not said again")
    return _kept("the latest row of every key stays")


@_fate.register
def _(old: IntervalJoinNode, new: AnyNode) -> Fate:
    assert isinstance(new, IntervalJoinNode)
    if old.by != new.by:
        return _lost("it is kept by other columns")
    if old.schema != new.schema or old.right_columns != new.right_columns:
        return _lost("the rows that it holds have other columns")
    if old.outer != new.outer:
        return _lost("which rows have found a partner was not kept, or is asked no more")
    grown = any(b > a for a, b in zip((*old.reach, old.limit), (*new.reach, new.limit), strict=True))
    if grown:
        return Fate(outcome="rebuilt", why="rows that were let go by the narrower bounds are not matched any more")
    if bool(old.restate) != bool(new.restate):
        return Fate(outcome="rebuilt", why="the rows of both sides stay; pairs that were said are not said again")
    return _kept("the rows of both sides stay; the bounds hold from the next row on")


@_fate.register
def _(old: StepsNode, new: AnyNode) -> Fate:
    assert isinstance(new, StepsNode)
    if (keys := _keys(old, new)) is not None:
        return keys
    if old.steps != new.steps:
        return _lost("the last sample of each key is that of other columns")
    return _kept("the last sample of each key stays")


@_fate.register
def _(old: WindowNode, new: AnyNode) -> Fate:
    assert isinstance(new, WindowNode)
    if (keys := _keys(old, new)) is not None:
        return keys
    if old.window != new.window:
        return _lost("open windows have other bounds")
    if old.during != new.during:
        return Fate(outcome="rebuilt", why="what is in open windows was counted by the old hours")
    if old.late != new.late and not new.window.is_shared:
        return _lost("what late rows may change is kept in another form")
    if old.late != new.late:
        return Fate(outcome="rebuilt", why="windows that were said before are not said again")
    before, after = _calls(old.aggregates), _calls(new.aggregates)
    if not after <= before:
        return _lost("an aggregate is new, and the rows behind open windows are gone")
    if len(old.aggregates) != len(new.aggregates) or old.aggregates != new.aggregates:
        return Fate(outcome="rebuilt", why="aggregates are dropped or stand in another order; the others go on")
    return _kept("keys, window and aggregates are the same; select and then are computed when a window closes")


@_fate.register
def _(old: PatternNode, new: AnyNode) -> Fate:
    assert isinstance(new, PatternNode)
    if (keys := _keys(old, new)) is not None:
        return keys
    if pattern_way(old) != pattern_way(new):
        return _lost(f"it went from {pattern_way(old)} to {pattern_way(new)}, each with a state of its own")
    if _without(old, "depth", "node", "schema", "columns", "retain") != _without(
        new, "depth", "node", "schema", "columns", "retain"
    ):
        return _lost("partial matches belong to the pattern, its bounds and what it reads")
    if old.columns != new.columns:
        return _lost("partial matches hold the columns that `select` had asked for")
    return _kept("open matches go on")


@_fate.register
def _(old: TracesNode, new: AnyNode) -> Fate:
    assert isinstance(new, TracesNode)
    if (keys := _keys(old, new)) is not None:
        return keys
    if (old.spec.form, old.spec.by_host) != (new.spec.form, new.spec.by_host):
        return _lost("records of open traces do not say what the new form asks for")
    return _kept("open traces go on; when one is over is reckoned by the new bounds from its next record on")


@_fate.register
def _(old: AuditNode, new: AnyNode) -> Fate:
    assert isinstance(new, AuditNode)
    if (keys := _keys(old, new)) is not None:
        return keys
    gone = [s.name for s in old.states if s.name not in {t.name for t in new.states}]
    if gone:
        return Fate(outcome="rebuilt", why=f"keys in {', '.join(gone)} have no state until they are next evaluated")
    both = {s.name for s in old.states} & {s.name for s in new.states}
    if _times(old, both) != _times(new, both):
        return Fate(outcome="rebuilt", why="states stay; `after` and times of the clock hold from the next change on")
    if (old.flapping, old.inhibit) != (new.flapping, new.inhibit):
        return Fate(outcome="rebuilt", why="states stay; changes that were held back are not told any more")
    if [_body(b) for b in old.report] != [_body(b) for b in new.report]:
        return Fate(outcome="rebuilt", why="states stay; report lists begin anew with the reporting period")
    if bool(old.restate) != bool(new.restate):
        return Fate(outcome="rebuilt", why="states stay; what was said before is not revised")
    return _kept("each key stays in its state; conditions and intervals hold from the next evaluation on")


@_fate.register
def _(old: ViolationNode, new: AnyNode) -> Fate:
    return _keys(old, new) or _kept("what is raised stays raised; the condition holds from the next row on")


@_fate.register
def _(old: AbsenceNode, new: AnyNode) -> Fate:
    return _keys(old, new) or _kept("the latest event of each key stays; when silence is due is counted from it")


def _keys(old: AnyNode, new: AnyNode) -> Fate | None:
    """Lost, where keys or their types are others."""
    before, after = getattr(old, "keys", ()), getattr(new, "keys", ())
    if before != after:
        return _lost(f"its key was ({', '.join(before)}) and is ({', '.join(after)})")
    types = [{f.name: f.dtype for f in node.schema.fields if f.name in before} for node in (old, new)]
    return None if types[0] == types[1] else _lost("a column of its key has another type")


def _times(audit: AuditNode, states: set[str]) -> tuple[object, ...]:
    """What moves or reports a key at an instant that is known when its state is entered."""
    return audit.report_at, {s.name: (s.after, s.report_at) for s in audit.states if s.name in states}


def _calls(calls: Iterable[AggregateCall]) -> set[bytes]:
    """Aggregates by what they compute, whatever their columns are called and however they were written."""
    return {msgspec.json.encode(msgspec.structs.replace(c, name="", sql="")) for c in calls}


def _body(body: msgspec.Struct) -> bytes:
    return msgspec.json.encode([getattr(body, name) for name in ("name", "by", "aggregates")])


def _without(node: Node, *fields: str) -> dict[str, object]:
    return {k: v for k, v in msgspec.structs.asdict(node).items() if k not in fields}


def _kind(node: AnyNode) -> str:
    return str(node.__struct_config__.tag).replace("_", " ")


def _lost(why: str) -> Fate:
    return Fate(outcome="lost", why=why)


def _kept(why: str) -> Fate:
    return Fate(outcome="kept", why=why)
