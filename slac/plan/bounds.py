"""How much state each kind of node may hold: so many values of its keys, for so long. One function a kind of node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch

from slac.language.durations import format_duration
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

__all__ = ["Bound", "Rows", "Unbounded", "bound_text", "state_bound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """State for each value of `keys`, over `time` µs; `of`: what is held beside plain numbers."""

    keys: tuple[str, ...]
    time: int
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbounded:
    """State without a bound: why, and the word of the document that would give it one."""

    why: str
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """State of so many rows, whatever comes."""

    most: int


@singledispatch
def state_bound(node: AnyNode) -> Bound | Rows | Unbounded | None:
    """The bound of a node's state; None for one that holds none beyond the rows in flight.

    NotImplementedError for a kind of node that nobody has thought about.
    """
    raise NotImplementedError(type(node).__name__)


def bound_text(bound: Bound | Rows | Unbounded) -> str:
    """`keys(module) × 24h`, as `slac compile` prints it."""
    if isinstance(bound, Rows):
        return f"{bound.most} rows at most"
    if isinstance(bound, Unbounded):
        return f"without a bound: {bound.why}"
    keys = f"keys({', '.join(bound.keys)})" if bound.keys else "one key"
    return f"{keys} × {format_duration(bound.time)}{f', {bound.of}' if bound.of else ''}"


@state_bound.register
def _(node: SourceNode) -> Rows | None:
    return None if node.table is None else Rows(most=node.table.max_rows)


@state_bound.register(SelectNode)
@state_bound.register(UnionNode)
@state_bound.register(LateNode)
@state_bound.register(OutputNode)
@state_bound.register(LinkOutNode)
@state_bound.register(LinkInNode)
def _(node: AnyNode) -> None:
    return None


@state_bound.register
def _(node: LatestJoinNode) -> Bound | None:
    if node.table:
        return Bound(keys=node.by, time=node.restate, of="the rows, which may be said again") if node.restate else None
    return Bound(keys=node.by, time=node.retain, of=_again(node.restate))


@state_bound.register
def _(node: IntervalJoinNode) -> Bound | Unbounded:
    if node.before is None and node.after is None:
        return Unbounded(
            why=f'the join "{node.alias}" keeps every row of both sides',
            missing="how far apart two rows may be, as in within: 5m",
        )
    of = ", ".join(t for t in (f"{node.limit} rows of each side", _again(node.restate)) if t)
    return Bound(keys=node.by, time=max(node.reach), of=of)


@state_bound.register
def _(node: StepsNode) -> Bound:
    return Bound(keys=node.keys, time=node.retain, of="the last sample")


@state_bound.register
def _(node: PatternNode) -> Bound:
    of = "" if node.limit is None else f"{node.limit} partial matches each"
    return Bound(keys=node.keys, time=node.retain if node.keys else node.within or 0, of=of)


@state_bound.register
def _(node: WindowNode) -> Bound | Unbounded:
    endless = _endless(node.aggregates)
    if endless is not None:
        return endless
    match node.window.kind:
        case "running":
            return _replayed(node) or Bound(keys=node.keys, time=node.retain)
        case "sliding":
            return _replayed(node) or Bound(keys=node.keys, time=node.window.size, of="a partial row for each instant")
        case "session":
            return _replayed(node) or Bound(
                keys=node.keys, time=node.window.size, of="from the last row of a session on"
            )
    return Bound(keys=node.keys, time=max(node.window.size, node.retain if node.fill or node.late == "restate" else 0))


def _replayed(node: WindowNode) -> Bound | None:
    """What a window keeps that runs keys again."""
    if node.late != "restate":
        return None
    return Bound(keys=node.keys, time=max(node.window.size, node.retain), of="every row, and what was said of it")


def _endless(calls: Iterable[AggregateCall]) -> Unbounded | None:
    """A LIST without a limit keeps every value."""
    for call in calls:
        if call.function == "list" and not call.options:
            written = call.sql or "LIST(x)"
            return Unbounded(why=f"{written} keeps every value", missing="how many it may keep, as in LIST(x, 20)")
    return None


@state_bound.register
def _(node: TracesNode) -> Bound | Unbounded:
    if not node.spec.within:
        return Unbounded(why="a trace may go on for ever", missing="how long one may be, as in within: 30s")
    ended = f"at most {node.spec.limit}, and which have ended for {format_duration(node.retain)}"
    return Bound(keys=node.keys, time=node.spec.within, of=ended)


@state_bound.register
def _(node: AuditNode) -> Bound | Unbounded:
    endless = _endless(call for body in node.report for call in body.aggregates)
    if endless is not None:
        return endless
    bodies = dict.fromkeys(b for body in node.report for b in body.by if b not in node.keys)
    return Bound(keys=(*node.keys, *bodies), time=node.retain, of=_again(node.restate))


@state_bound.register
def _(node: ViolationNode) -> Bound:
    return Bound(keys=node.keys, time=node.retain, of=_again(node.restate))


def _again(restate: int) -> str:
    return f"and the rows of {format_duration(restate)}, which may be said again" if restate else ""


@state_bound.register
def _(node: AbsenceNode) -> Bound:
    return Bound(keys=node.keys, time=node.retain)
