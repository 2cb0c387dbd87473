"""Which node of a new plan takes over the state of which nodes of the old one, and what becomes of it on the way.

A node goes on with the state of the node of its id. A window that is computed in parts on other nodes than before takes
over the parts together: rows of a window that is open are partial rows, wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from slac.plan.aggregates import follows_order
from slac.plan.changes.state import Fate, fate_of, is_stateful
from slac.plan.graph import Plan
from slac.plan.nodes import AbsenceNode, AnyNode, LinkInNode, SourceNode, WindowNode

PARTIAL: Final = ".partial"
_COPY: Final = ".on."


class Heir(msgspec.Struct, frozen=True, kw_only=True):
    """Node `id` of the new plan, and the ids of the old nodes whose states it takes over, with where they ran.

    `form`: `same` where it is one state of the same kind, `window` where it is a part of a window that was laid out
    otherwise. No `of` where the state is lost.
    """

    id: str
    node: str
    of: tuple[tuple[str, str], ...]
    form: Literal["same", "window"] = "same"
    fate: Fate

    @property
    def moves(self) -> bool:
        """Whether something of it comes from another node."""
        return any(node != self.node for _, node in self.of)


def heirs(old: Plan, new: Plan) -> dict[str, Heir]:
    """By id, the heirs among the nodes of `new` that have state, of placed plans of one document."""
    before, after = _groups(old), _groups(new)
    found = {}
    for base, nodes in after.items():
        for heir in _heirs(before.get(base, ()), nodes):
            found[heir.id] = heir
    return found


def _groups(plan: Plan) -> dict[str, tuple[AnyNode, ...]]:
    """The nodes with state by the id of the whole that they are parts of."""
    groups: dict[str, list[AnyNode]] = {}
    for node in filter(is_stateful, plan.nodes):
        # Whether what it reads comes over a link makes no difference to what it holds.
        inputs = tuple(origin_of(plan, i) for i in node.inputs)
        groups.setdefault(node.id.partition(PARTIAL)[0], []).append(msgspec.structs.replace(node, inputs=inputs))
    return {base: tuple(nodes) for base, nodes in groups.items()}


def origin_of(plan: Plan, node_id: str) -> str:
    """The node whose rows come in as `node_id`, whatever links lie between; a table is one, wherever it is read."""
    node = plan[node_id]
    while isinstance(node, LinkInNode):
        node = plan[node.stream]
    return name_of(node)


def name_of(node: AnyNode) -> str:
    """Its id; a table that is read on several nodes is one."""
    return node.id.partition(_COPY)[0] if isinstance(node, SourceNode) and node.table is not None else node.id


def _heirs(before: tuple[AnyNode, ...], after: tuple[AnyNode, ...]) -> Iterator[Heir]:
    if not before:
        return
    if _layout(before) == _layout(after):
        for old, new in zip(before, after, strict=True):
            yield _heir(new, ((old.id, old.node),), fate_of(old, new))
        return
    old, new = before[-1], after[-1]
    fate = fate_of(old, new)
    if type(old) is type(new):
        fate = _moved(before, after, fate)
    places = tuple((n.id, n.node) for n in before)
    form: Literal["same", "window"] = "window" if len(before) > 1 or len(after) > 1 else "same"
    for node in after:
        yield _heir(node, places, fate, form)


def _heir(node: AnyNode, of: tuple[tuple[str, str], ...], fate: Fate, form: Literal["same", "window"] = "same") -> Heir:
    return Heir(id=node.id, node=node.node, of=() if fate.outcome == "lost" else of, form=form, fate=fate)


def _layout(nodes: tuple[AnyNode, ...]) -> list[tuple[str, str]]:
    return [(n.id, n.node) for n in nodes]


def _moved(before: tuple[AnyNode, ...], after: tuple[AnyNode, ...], fate: Fate) -> Fate:
    """What becomes of a state whose parts run elsewhere now."""
    here, there = (" and ".join(dict.fromkeys(n.node for n in nodes)) for nodes in (before, after))
    if fate.outcome == "lost":
        return fate
    last = after[-1]
    if isinstance(last, SourceNode):
        if last.table is not None:
            return Fate(outcome="rebuilt", why=f"the table is read anew on {there}")
        return Fate(outcome="lost", why=f"read positions belong to {here}, where the input was read")
    if isinstance(last, AbsenceNode) and len(before) + len(after) > 2:
        return Fate(outcome="lost", why=f"silence that was watched on {here} is not carried to {there}")
    if len(before) + len(after) > 2 and not _is_carried_in_parts(last):
        return Fate(outcome="lost", why=f"it is computed in parts on {there}, and was on {here}")
    return Fate(outcome=fate.outcome, why=f"it is carried from {here} to {there}; {fate.why}")


def _is_carried_in_parts(node: AnyNode) -> bool:
    return isinstance(node, WindowNode) and node.window.is_shared and not follows_order(node.aggregates)
