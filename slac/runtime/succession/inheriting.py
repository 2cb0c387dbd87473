"""A core of the next plan that goes on with what the core of the last one held. Sans I/O: states in, a core out.

Whatever had come in by the cut is in the states: nothing is on its way between operators, or between runtimes. So it
does not matter to a state on which runtime its operator goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slac.plan.changes import Heir, heirs
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, WindowNode
from slac.runtime.core import TROUBLES, Core
from slac.runtime.operator import BEGINNING, Operator, State
from slac.runtime.operators.doubting import DoubtingOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.runtime.succession.adapting import adapted, rewrapped
from slac.runtime.succession.windows import divided
from slac.stream.batch import Batch
from slac.stream.types import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What the runtimes of the old plan leave: the states of this one, and of others by (node id, runtime).

    `first`: of all instances of a node the one that takes what can be in one place only.
    """

    own: Mapping[str, State]
    others: Mapping[tuple[str, str], State] = field(default_factory=dict)
    first: bool = True


def inherit(core: Core, old: Plan, new: Plan, node: str, estate: Estate, now: int) -> None:
    """Let `core`, which runs what `new` places on `node`, go on with what the runtimes of `old` leave."""
    found = heirs(old, new)
    for source in core.sources.values():
        heir = found.get(source.node.id)
        if heir is not None and heir.of == ((source.node.id, node),):
            source.restore(estate.own[f"source:{source.node.block}"])
    if TROUBLES in estate.own:
        core.troubles.restore(estate.own[TROUBLES])
    _inherit_inlets(core, old, node, estate.own, now)
    states = {i: s for i in core.flow.ids if (s := _state_of(found.get(i), old, new, estate)) is not None}
    core.flow.inherit(_marks(core, found, estate), states, lambda i, operator, state: _restore(new[i], operator, state))


def _state_of(heir: Heir | None, old: Plan, new: Plan, estate: Estate) -> State | None:
    if heir is None or not heir.of:
        return None
    node = new[heir.id]
    if heir.form == "window":
        assert isinstance(node, WindowNode)
        parts = [(old[i], s) for i, _ in heir.of for s in _left(i, estate)]
        return divided(parts, node, first=estate.first)
    (old_id, home), *_ = heir.of
    left = [estate.own[f"node:{old_id}"]] if home == heir.node else _left(old_id, estate)
    return adapted(old[old_id], node, left[0], _read(old, new, old[old_id], node)) if left else None


def _left(node_id: str, estate: Estate) -> list[State]:
    """The states of a node on all runtimes that ran it, this one included."""
    own = estate.own.get(f"node:{node_id}")
    others = [s for (i, _), s in sorted(estate.others.items(), key=lambda item: item[0]) if i == node_id]
    return [own, *others] if own is not None else others


def _read(old: Plan, new: Plan, before: AnyNode, after: AnyNode) -> tuple[Schema, Schema] | None:
    """What the first port reads, before and now."""
    if not before.inputs or not after.inputs:
        return None
    return old[before.inputs[0]].schema, new[after.inputs[0]].schema


def _restore(node: AnyNode, operator: Operator, state: State) -> None:
    """In the form that the operator has: it can run keys again, or it cannot."""
    restates = isinstance(operator, RestatingOperator)
    doubts = isinstance(operator, DoubtingOperator)
    form, waiting = rewrapped(state, restates=restates, doubts=doubts, ports=len(node.inputs))
    operator.restore(form)
    for port, frame in waiting.items():
        operator.on_batch(port, Batch(frame))


def _inherit_inlets(core: Core, old: Plan, node: str, own: Mapping[str, State], now: int) -> None:
    """A stream that was received is received from where it stood; of a new one nothing is promised before all spoke."""
    before = {n.stream: n for n in old.nodes if isinstance(n, LinkInNode) and n.node == node}
    for stream, inlet in core.inlets.items():
        if stream in before and before[stream].origin == inlet.node.origin:
            inlet.restore(own[f"inlet:{stream}"], now)
        else:
            for peer in _peers(inlet.node.origin, before.values(), own):
                inlet.join(peer, now)


def _peers(origin: str, before: Iterable[LinkInNode], own: Mapping[str, State]) -> set[str]:
    """The instances of a node that have sent anything here."""
    received = (own[f"inlet:{n.stream}"].values["peers"] for n in before if n.origin == origin)
    return {peer for peers in received for peer in peers}


def _marks(core: Core, found: Mapping[str, Heir], estate: Estate) -> dict[str, dict[str, int]]:
    """How far each node had come: those that stay, and those that come from elsewhere with their state."""
    values: Mapping[str, Any] = estate.own["node:"].values
    marks: dict[str, dict[str, int]] = {name: dict(places) for name, places in values.items()}
    for node_id in core.flow.ids:
        heir = found.get(node_id)
        if heir is None or not heir.moves or node_id in marks["promised"]:
            continue
        there = [s.values for (i, _), s in estate.others.items() if i == f"marks:{node_id}"]
        for name in ("promised", "reached"):
            marks[name][node_id] = min((int(v[name]) for v in there), default=BEGINNING)
    known = {n.id for n in core.plan.nodes}
    lost = {i for i, h in found.items() if h.fate.outcome == "lost"}
    return {name: {i: m for i, m in places.items() if i in known and i not in lost} for name, places in marks.items()}
