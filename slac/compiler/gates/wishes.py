"""What each node that makes something of single events asks of the gates before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Final

from slac.compiler.gates.hoist import Way, over_input, plain_column, ways
from slac.plan.expressions import AggregateCall, AnyExpr, Call, Case
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LatestJoinNode,
    OutputNode,
    PatternNode,
    SourceNode,
    StepsNode,
    TracesNode,
    ViolationNode,
    WindowNode,
)
from slac.plan.shedding import ShedContract
from slac.plan.signatures import BOOL
from slac.plan.subexpressions import below
from slac.stream.types import Float, Int

MINUTE: Final = 60_000_000
COUNTING: Final = frozenset(("count", "share"))
_DIVIDED: Final = ("tumbling", "hopping", "calendar")
"""Windows that are made of panes which the clock gives, so that what was counted in a pane belongs to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a node asks of the gate of `source`; as in a `GateNeed`, with its conditions written out.

    `told_apart`: more conditions by which events should be told apart. `every`: after how long (µs) the next window
    begins, 0 where the clock does not say; `aligned`: windows are so to the epoch. `wait`: how long (µs) the node waits
    by itself before it says anything, `silence`: for events that do not come. `call`: the aggregate that asks.
    `keys`: columns of the input by which whole keys must stay together; None where any event may go by itself, () where
    nothing says what belongs together. `entire`: what the node says holds until its next row, so one that was dropped
    would make it wrong, and not only less sure. `sampled`: the source was thinned before, and tells by what.
    """

    source: str
    node: str
    block: str
    contract: ShedContract
    conditions: tuple[AnyExpr, ...] = ()
    told_apart: tuple[AnyExpr, ...] = ()
    groups: tuple[str, ...] | None = None
    window: int = 0
    every: int = 0
    aligned: bool = False
    value: AnyExpr | None = None
    call: str = ""
    exact: bool = False
    keep: bool = False
    wait: int = 0
    silence: bool = False
    keys: tuple[str, ...] | None = None
    trace: bool = False
    entire: bool = False
    sampled: bool = False


def wishes(by_id: Mapping[str, AnyNode], contracts: Mapping[str, ShedContract]) -> Iterator[Wish]:
    """All of them, node by node."""
    for node in by_id.values():
        if isinstance(node, SourceNode) or node.id not in contracts:
            continue
        for port, upstream in enumerate(node.inputs):
            for way in ways(by_id, upstream):
                yield from _asked(node, port, way, contracts[node.id])


@singledispatch
def _asked(node: AnyNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    """Selections and unions ask nothing themselves."""
    return iter(())


@_asked.register
def _(node: WindowNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    groups = _groups(way, node.keys)
    divided = node.window.kind in _DIVIDED and way.plain and not way.hidden
    length = min(node.window.size or node.retain, 60 * MINUTE)
    every = {"tumbling": node.window.size, "hopping": node.window.every}.get(node.window.kind, MINUTE)
    whole = groups if contract.mode == "subset" and contract.by == "keys" else None
    if node.window.kind == "session":
        # Where an event is missing a session would end: like what a pattern waits for, that must not be for a drop.
        whole = groups or ()
    trace = _trace(node, way) if node.window.kind != "session" else None
    if trace is not None:
        # What samplers have kept of a trace is all of it, and so is what is said of it.
        whole = (trace,)
    for call in node.aggregates:
        where = over_input(way, call.where) if call.where is not None else None
        seen = divided and groups is not None and (call.where is None or where is not None)
        args = [found for a in call.args if (found := over_input(way, a)) is not None]
        shares = tuple(args) if call.function == "share" else ()
        shared = bool(shares) and not shares[0].nullable
        counts = call.function in COUNTING and (not call.args or (call.function == "share" and shared))
        yield Wish(
            source=way.source.id,
            node=node.id,
            block=node.block,
            contract=contract,
            conditions=(*way.conditions, *([where] if where is not None else [])),
            told_apart=(*shares, *_cases(args)),
            groups=groups,
            window=length,
            every=every if divided else 0,
            aligned=divided and node.window.kind != "calendar",
            value=_number(call, args),
            call=call.name,
            exact=seen and counts,
            keys=whole,
            trace=trace is not None,
            sampled=way.source.sampled is not None,
        )


@_asked.register
def _(node: ViolationNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    condition = over_input(way, node.condition)
    conditions = (*way.conditions, *([condition] if condition is not None else []))
    yield _plain(node, way, contract, conditions=conditions, keep=condition is not None)


@_asked.register
def _(node: AbsenceNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    groups = _groups(way, node.keys)
    yield _plain(
        node,
        way,
        contract,
        groups=groups,
        exact=groups is not None and way.plain,
        window=node.silence,
        wait=node.silence,
        silence=True,
    )


@_asked.register
def _(node: AuditNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    states = [found for s in node.states if (found := over_input(way, s.when)) is not None] if port == 0 else []
    latest = _held(way) if port == 0 else {}
    yield _plain(node, way, contract, told_apart=tuple(states), groups=_groups(way, node.keys), **latest)


@_asked.register(OutputNode)
@_asked.register(StepsNode)
def _(node: OutputNode | StepsNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    yield _plain(node, way, contract)


@_asked.register
def _(node: LatestJoinNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    if port == 1:
        yield _plain(node, way, contract, groups=_groups(way, node.by), **_held(way))


def _held(way: Way) -> dict[str, object]:
    """Of rows that hold until the next one: where a document says that they may be dropped, they go last."""
    return {"entire": True, "keep": not way.hidden}


@_asked.register(PatternNode)
@_asked.register(IntervalJoinNode)
@_asked.register(TracesNode)
def _(node: PatternNode | IntervalJoinNode | TracesNode, port: int, way: Way, contract: ShedContract) -> Iterator[Wish]:
    names = node.by if isinstance(node, IntervalJoinNode) else node.keys
    keys = _groups(way, names) or ()
    trace = isinstance(node, TracesNode) and node.spec.form == "spans" and len(keys) == 1
    wait = node.spec.timeout if isinstance(node, TracesNode) else 0
    yield _plain(node, way, contract, keys=keys, trace=trace, wait=wait)


def _plain(node: AnyNode, way: Way, contract: ShedContract, **more: object) -> Wish:
    rest: dict[str, object] = {"conditions": way.conditions, "window": MINUTE, **more}
    sampled = way.source.sampled is not None
    return Wish(source=way.source.id, node=node.id, block=node.block, contract=contract, sampled=sampled, **rest)  # type: ignore[arg-type]


def _groups(way: Way, keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """The keys as columns of the input; None where one of them is made on the way."""
    found = [plain_column(way, key) for key in keys]
    known = tuple(name for name in found if name is not None)
    return known if len(known) == len(found) else None


def _trace(node: WindowNode, way: Way) -> str | None:
    """The input's column of the trace, where it is sampled, and each result is of one trace."""
    trace = way.source.sampled.trace if way.source.sampled is not None else None
    return trace if trace in {plain_column(way, key) for key in node.keys} else None


def _number(call: AggregateCall, args: list[AnyExpr]) -> AnyExpr | None:
    """What is summed or averaged, where it is a number that the input's columns give."""
    if call.function in COUNTING or len(args) != len(call.args) or not args:
        return None
    return args[0] if isinstance(args[0].dtype, Int | Float) else None


def _cases(args: list[AnyExpr]) -> Iterator[AnyExpr]:
    """The conditions of CASE in what is aggregated."""
    for arg in args:
        for part in below(arg):
            if isinstance(part, Case):
                yield from (when for when, _ in part.branches)
            elif isinstance(part, Call) and part.dtype == BOOL and part is arg:
                yield part
