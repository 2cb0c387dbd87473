"""What one runtime knows to be wrong: with itself, with the instances that send to it, and what these tell of others.

A runtime that sends somewhere tells it there, with its signs of life; the last one on the way raises it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode, OutputNode
from slac.runtime.instructions import Publish
from slac.runtime.links.inlet import Inlet, Peer
from slac.runtime.operator import State
from slac.runtime.recording import STORE
from slac.runtime.troubles.standing import OWN, Standing
from slac.runtime.troubles.trouble import MOST, SILENT, Trouble, spoken_for
from slac.stream.clock import SECOND


class Troubles:
    """Of one runtime; `own` is what its shell knows of it, `known` all that was known at the last look: told on.

    Whoever is told of violations is told of these: an alarm that cannot be raised is worth one.
    """

    def __init__(self, part: Plan, *, keep: bool) -> None:
        self.own: Sequence[Trouble] = ()
        self.known: tuple[Trouble, ...] = ()
        self._heard: dict[str, tuple[Trouble, ...]] = {}
        self._spoken_for = spoken_for(part)
        self._raises = not any(isinstance(n, LinkOutNode) for n in part.nodes)
        outputs = [n.block for n in part.nodes if isinstance(n, OutputNode) and "violation" in n.kinds]
        self._readers = [*outputs, *([STORE] if keep else [])]
        self._standing = Standing(document=part.document)

    def hear(self, peer: str, troubles: Iterable[Trouble]) -> None:
        """All that an instance (`node/instance`) knows to be wrong now; of others than its senders it is not heard."""
        node, _, instance = peer.partition("/")
        behind = self._spoken_for.get(node, frozenset())
        self._heard[peer] = tuple(
            t for t in troubles if t.is_sound and (t.node in behind or (t.node, t.instance) == (node, instance))
        )[:MOST]

    def look(self, now: int, inlets: Mapping[str, Inlet]) -> list[Publish]:
        """What is to be said of it at `now`, where this runtime is the one that says it."""
        told = self._told(inlets)
        self.known = tuple({t.key: t for troubles in told.values() for t in troubles}.values())[:MOST]
        if not self._raises:
            return []
        rows = self._standing.look(now, told)
        return [Publish(reader, block, frame) for block, frame in rows.items() for reader in self._readers]

    def snapshot(self) -> State:
        """What was raised and stands."""
        return self._standing.snapshot()

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._standing.restore(state)

    def _told(self, inlets: Mapping[str, Inlet]) -> dict[str, Sequence[Trouble]]:
        peers: dict[str, Peer] = {name: peer for i in inlets.values() for name, peer in i.peers.items()}
        silent = [_silent(name, peer) for name, peer in peers.items() if peer.silent is not None and not peer.forgotten]
        gone = {name: () for name, peer in peers.items() if peer.forgotten}
        self._heard = {name: troubles for name, troubles in self._heard.items() if name not in gone}
        return {OWN: [*self.own, *silent], **self._heard, **gone}


def _silent(name: str, peer: Peer) -> Trouble:
    node, _, instance = name.partition("/")
    assert peer.silent is not None
    how = "ended in good order, and has not come back" if peer.left else "could not be reached any more"
    return Trouble(
        block=SILENT,
        node=node,
        instance=instance,
        since=peer.silent,
        reason="left" if peer.left else "lost",
        message=f"{name} {how}; it has been silent for {(peer.silent - peer.last) // SECOND} s",
    )
