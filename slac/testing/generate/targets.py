"""What is to be reached in a document: states, transitions and stays, alarms and their ends, branches, thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from slac.plan.expressions import AnyExpr, Call, Case, Cast, Literal
from slac.plan.graph import Plan
from slac.plan.lowering import to_text
from slac.plan.machine import UNDETERMINED, transition_table
from slac.plan.nodes import AbsenceNode, AnyNode, AuditNode, SelectNode, ViolationNode, WindowNode
from slac.plan.subexpressions import below
from slac.stream.types import Bool, Int
from slac.testing.generate.expressions import thresholds

SIDES: Final[Mapping[int, str]] = {-1: "below", 0: "exactly at", 1: "above"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something to be reached: `text` says it in words.

    A row of node `node` in which the `columns` have one of these values each; or where `probe`, an expression over
    the rows of `node`, is `value`. `owner` is the node that the target is about; `node` is that, or an input of it.
    """

    block: str
    kind: str
    text: str
    owner: str
    node: str
    columns: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, hash=False)
    probe: AnyExpr | None = field(default=None, hash=False)
    value: Any = None
    needs: tuple[str, ...] = ()
    """For a transition or a stay: the states on the way, in order."""


def targets_of(plan: Plan, block: str | None = None) -> tuple[Target, ...]:
    """All that is to be reached in a plan (or one block of it), in the order of the data's way."""
    found = [t for n in plan.nodes if block is None or n.block == block for t in _of_node(n)]
    return tuple({(t.block, t.kind, t.text): t for t in found}.values())


def _of_node(node: AnyNode) -> Iterator[Target]:
    match node:
        case SelectNode():
            yield from _select(node)
        case WindowNode():
            yield from _window(node)
        case AuditNode(states=states):
            yield from _audit(node)
            for state in states:
                yield from _inside(node, node.inputs[0], state.when)
        case ViolationNode(condition=condition):
            yield from _alarm(node)
            yield from _inside(node, node.inputs[0], condition)
        case AbsenceNode():
            yield from _alarm(node)
        case _:
            return


def _select(node: SelectNode) -> Iterator[Target]:
    conditions = (node.where,) if node.where is not None else ()
    for condition in conditions:
        yield from _truth(node, node.inputs[0], condition)
    for expr in (*conditions, *(c.expr for c in node.columns or ())):
        yield from _inside(node, node.inputs[0], expr)


def _window(node: WindowNode) -> Iterator[Target]:
    for call in node.aggregates:
        filters = (call.where,) if call.where is not None else ()
        for condition in filters:
            yield from _truth(node, node.inputs[0], condition, what=f"FILTER of {call.sql or call.function}")
        for expr in (*call.args, *filters):
            yield from _inside(node, node.inputs[0], expr)
    for named in (*node.project, *node.then):
        yield from _inside(node, node.id, named.expr)


def _audit(node: AuditNode) -> Iterator[Target]:
    table = transition_table(node)
    states = [s for s in table.states if s != UNDETERMINED]
    for state in states:
        said = {"state": (state,), "kind": ("initial", "change")}
        yield Target(block=node.block, owner=node.id, kind="state", text=f'state "{state}"', node=node.id, columns=said)
    for source in states:
        for target in dict.fromkeys(t for (s, _), t in table.moves.items() if s == source and t != source):
            yield Target(
                block=node.block,
                owner=node.id,
                kind="transition",
                text=f'from "{source}" to "{target}"',
                node=node.id,
                columns={"kind": ("change",), "previous": (source,), "state": (target,)},
                needs=(source, target),
            )
    for state, every in zip(table.states, table.report_every, strict=True):
        if every is not None:
            yield Target(
                block=node.block,
                owner=node.id,
                kind="stay",
                text=f'staying in "{state}"',
                node=node.id,
                columns={"kind": ("stay",), "state": (state,)},
                value=every,
                needs=(state, state),
            )


def _alarm(node: ViolationNode | AbsenceNode) -> Iterator[Target]:
    for kind in ("raised", "resolved"):
        yield Target(block=node.block, owner=node.id, kind=kind, text=kind, node=node.id, columns={"kind": (kind,)})


def _truth(node: AnyNode, rows_of: str, condition: AnyExpr, what: str = "where") -> Iterator[Target]:
    for value in (True, False):
        text = f"{what} is {str(value).lower()}: {to_text(condition)}"
        yield Target(
            block=node.block, owner=node.id, kind="where", text=text, node=rows_of, probe=condition, value=value
        )


def _inside(node: AnyNode, rows_of: str, expr: AnyExpr) -> Iterator[Target]:
    """Branches of CASEs, and sides of thresholds."""
    for each in below(expr):
        if isinstance(each, Case):
            probe = _taken(each)
            for i, (when, _) in enumerate(each.branches):
                yield _probing(node, rows_of, "branch", f"branch {i + 1}: WHEN {to_text(when)}", probe, i)
            last = len(each.branches)
            yield _probing(node, rows_of, "branch", f"branch {last + 1}: ELSE", probe, last)
    for comparison in thresholds(expr):
        left, right = comparison.args
        for side, word in SIDES.items():
            text = f"{_plain(left)} {word} {_plain(right)}"
            yield _probing(node, rows_of, "threshold", text, _side(left, right), side)


def _probing(node: AnyNode, rows_of: str, kind: str, text: str, probe: AnyExpr, value: Any) -> Target:
    return Target(block=node.block, owner=node.id, kind=kind, text=text, node=rows_of, probe=probe, value=value)


def _plain(expr: AnyExpr) -> str:
    """An expression as text; that integers are widened to be compared is left out."""
    return to_text(_narrow(expr))


def _narrow(expr: AnyExpr) -> AnyExpr:
    match expr:
        case Cast(arg=arg) if arg.dtype == Int():
            return _narrow(arg)
        case Call(function=function, args=args, dtype=dtype):
            return Call(function=function, args=tuple(map(_narrow, args)), dtype=dtype)
        case _:
            return expr


def _taken(case: Case) -> Case:
    """Which branch of a CASE a row takes."""
    numbered = tuple((when, _number(i)) for i, (when, _) in enumerate(case.branches))
    return Case(branches=numbered, otherwise=_number(len(numbered)), dtype=Int())


def _side(left: AnyExpr, right: AnyExpr) -> Case:
    """Below, at or above: -1, 0, 1; NULL where they cannot be compared."""
    signs = (("<", -1), ("=", 0), (">", 1))
    branches = tuple((Call(function=sign, args=(left, right), dtype=Bool()), _number(n)) for sign, n in signs)
    return Case(branches=branches, otherwise=Literal(value=None, dtype=Int()), dtype=Int())


def _number(value: int) -> Literal:
    return Literal(value=value, dtype=Int(), nullable=False)
