"""The cut at which a plan ends: all that has come in is worked off, here and in what others had still held back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
import polars as pl

from slac.plan.changes import Heir, heirs
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.core import Core
from slac.runtime.durable.pieces import cut
from slac.runtime.instructions import Publish, Send
from slac.runtime.operator import BEGINNING, State

ROWS = "rows"
NODE = "node"
MARKS = "marks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a core has left at the cut: its states, and what it said that no output has been given."""

    states: Mapping[str, State]
    said: tuple[Publish, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Rows of a stream that its sender `peer` (`node/instance`) had not sent, because they are ahead of time."""

    stream: str
    peer: str
    rows: pl.DataFrame


def ended(core: Core, copy: Core, arrived: Iterable[HeldBack], now: int) -> Ended:
    """The states of `core`, which goes on untouched, once all that senders held back has come in, too.

    `copy` is another core of the same plan, which is used up.
    """
    # Another plan may have readers for what nobody keeps in this one.
    core.flow.is_lean = False
    states = _frozen(core.snapshot())
    arrived = list(arrived)
    if not arrived:
        return Ended(states=states)
    copy.restore(states, now)
    said = []
    for held in arrived:
        said += copy.on_link(held.stream, held.peer, Send(held.stream, "", held.rows, BEGINNING), now)
    states = _frozen(copy.snapshot())
    said += copy.proceed()
    return Ended(states=states, said=tuple(i for i in said if isinstance(i, Publish)))


def _frozen(states: Mapping[str, State]) -> dict[str, State]:
    """States that share nothing with a core that goes on."""
    return {n: State(msgspec.msgpack.decode(s.values), dict(s.frames)) for n, s in cut(states).items()}


def exports(old: Plan, new: Plan, node: str, left: Ended) -> dict[str, State]:
    """What other runtimes need of what a runtime of `node` has left, by the names that parcels have."""
    found: dict[str, State] = {}
    for sender in old.nodes:
        if isinstance(sender, LinkOutNode) and sender.node == node:
            held = left.states[f"node:{sender.id}"]
            if "held" in held.frames:
                found[f"{ROWS}:{sender.stream}"] = State({}, {"rows": held.frames["held"]})
    for node_id in dict.fromkeys(i for heir in _elsewhere(old, new) for i, home in heir.of if home == node):
        found[f"{NODE}:{node_id}"] = left.states[f"node:{node_id}"]
        marks = left.states["node:"].values
        found[f"{MARKS}:{node_id}"] = State({n: marks[n].get(node_id, BEGINNING) for n in ("promised", "reached")})
    return found


def _elsewhere(old: Plan, new: Plan) -> list[Heir]:
    """The heirs that need what was not on their own runtime alone."""
    return [h for h in heirs(old, new).values() if h.moves]
