"""When a row matters: the lowest watermark at which it, or what is made of it, could be noticed outside.

Theory of operation. A window says nothing before its end. So nobody can tell whether a row was given to it when it came
or just before that end, nor whether a filter in front of it was run then. `Rhythm.matters` says for a row at a node how
long it may wait, from the plan and the time of the row alone; it never falls as that time grows, so the earliest of
many rows speaks for all.

Nodes are of three manners. One that *passes* says what it says at once, with the times of its rows: its rows matter
when they matter to a reader. One that *holds* says nothing before the watermark has passed what it says (`_time` x is
said from watermark x + 1 on): its rows, and what is due in it, matter when what comes out of them does. All others
must hear *at once*: outputs and links, and whatever judges silence or matches instant by instant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

from slac.plan.nodes import (
    AnyNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    SelectNode,
    StepsNode,
    UnionNode,
    WindowNode,
)
from slac.runtime.operator import BEGINNING, ENDED
from slac.runtime.operators.window_grids import grid_of

Moment = Callable[[int], int]
"""From the time of a row (µs) to that of something it leads to; never falls."""
Readers = Mapping[str, Sequence[tuple[str, int]]]
"""By node, who reads it, and on which port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a node goes about rows.

    `said`: by port, from the time of a row to the lowest `_time` of what comes out because of it; `beat`: the lowest
    time ≥ its argument that a row out of this node can have; `holds`: nothing is said before the watermark passes it.
    `together`: what falls due does so for all keys at one time, far from the next one.
    """

    said: tuple[Moment, ...]
    beat: Moment
    holds: bool
    together: bool = False


class Rhythm:
    """How long rows may wait, for the nodes of one runtime."""

    def __init__(
        self, nodes: Sequence[AnyNode], readers: Readers, *, crossing: bool = False, asking: Collection[str] = ()
    ) -> None:
        """`crossing`: the nodes are those of a whole plan, and what is sent is noticed where it arrives.

        `asking`: latest-joins before which right rows may wait until a left row asks, if one can come at any time.
        """
        beats: dict[str, Moment] = {}
        self.asking: list[str] = []
        self._readers = readers
        self._manners: dict[str, Manner] = {}
        for node in nodes:
            inputs = [beats.get(i, _same) for i in node.inputs]
            is_passed = crossing and isinstance(node, LinkOutNode | LinkInNode)
            manner = _passing(inputs[0]) if is_passed else manner_of(node, inputs)
            beats[node.id] = _same if manner is None else manner.beat
            if node.id in asking and manner is not None and not _is_stepped(manner):
                manner = replace(manner, said=(manner.said[0], _never))
                self.asking.append(node.id)
            if manner is not None:
                self._manners[node.id] = manner
        for node in reversed(nodes):
            manner = self._manners.get(node.id)
            if manner is not None and not manner.holds and self._is_heard_at_once(node.id):
                del self._manners[node.id]

    def is_patient(self, node_id: str) -> bool:
        """Whether rows of this node may wait at all."""
        return node_id in self._manners

    def comes_at_once(self, node_id: str) -> bool:
        """Whether what falls due at this node does so for all keys together, at the ends of windows."""
        manner = self._manners.get(node_id)
        return manner is not None and manner.together

    def lift(self, node_id: str) -> Moment | None:
        """From how far a node could promise to how far it can: what it says has few times, as have ends of windows.

        None where it may say something of any time, or has to hear at once.
        """
        manner = self._manners.get(node_id)
        return manner.beat if manner is not None and manner.holds and _is_stepped(manner) else None

    def matters(self, node_id: str, port: int, time: int) -> int:
        """The lowest watermark at which a row with this `_time` (µs) must have been given to the node."""
        manner = self._manners.get(node_id)
        if manner is None:
            return BEGINNING
        said = manner.said[port](time)
        if said >= ENDED:
            return ENDED
        return max(said + 1, self._behind(node_id, said)) if manner.holds else self._behind(node_id, said)

    def said(self, node_id: str, port: int, time: int) -> int:
        """The lowest `_time` of what a row with this `_time` makes come out of a patient node."""
        return self._manners[node_id].said[port](time)

    def falls_due(self, node_id: str, due: int | None) -> int:
        """The lowest watermark at which that matters which is due at the node from watermark `due` on."""
        if due is None:
            return ENDED
        manner = self._manners.get(node_id)
        if manner is None or due <= BEGINNING:
            return due
        said = manner.beat(due - 1)
        return max(said + 1, self._behind(node_id, said))

    def told(self, node_id: str, due: int | None, lags: Sequence[tuple[int, int]]) -> int:
        """What can still come out of a patient node has this `_time` or a later one.

        `due` is what the node says of itself; `lags` are ports on which rows are still to come, with their lowest time.
        """
        manner = self._manners[node_id]
        said = [manner.said[port](time) for port, time in lags if time > BEGINNING]
        return min([*said, ENDED if due is None else manner.beat(due - 1)], default=ENDED)

    def _behind(self, node_id: str, time: int) -> int:
        return min((self.matters(reader, port, time) for reader, port in self._readers[node_id]), default=ENDED)

    def _is_heard_at_once(self, node_id: str) -> bool:
        return any(reader not in self._manners for reader, _ in self._readers[node_id])


@singledispatch
def manner_of(node: AnyNode, inputs: Sequence[Moment]) -> Manner | None:
    """The manner of a node whose inputs have these beats; None for one that must hear at once."""
    del node, inputs
    return None


def _passing(beat: Moment) -> Manner:
    return Manner(said=(_same,), beat=beat, holds=False)


@manner_of.register
def _(node: SelectNode, inputs: Sequence[Moment]) -> Manner | None:
    return _passing(inputs[0])


@manner_of.register
def _(node: UnionNode, inputs: Sequence[Moment]) -> Manner | None:
    return Manner(said=(_same,) * len(inputs), beat=lambda time: min(beat(time) for beat in inputs), holds=False)


@manner_of.register
def _(node: StepsNode, inputs: Sequence[Moment]) -> Manner | None:
    return Manner(said=(_same,), beat=inputs[0], holds=True)


@manner_of.register
def _(node: LatestJoinNode, inputs: Sequence[Moment]) -> Manner | None:
    """A right row by itself says nothing: it matters to the next left row that there can be."""
    left, _ = inputs
    return None if node.restate else Manner(said=(_same, left), beat=left, holds=True)


@manner_of.register
def _(node: WindowNode, inputs: Sequence[Moment]) -> Manner | None:
    if node.late == "restate":
        return None
    match node.window.kind:
        case "tumbling" | "hopping" | "calendar":
            ends = _ends(node)
            # Partial rows have the time of their window already.
            said = _same if node.role in {"merged", "final"} else ends
            return Manner(said=(said,), beat=ends, holds=True, together=True)
        case "session":
            # One key's row may be short of its end when another key's session is over.
            return Manner(said=(_same,), beat=_same, holds=True)
        case _:
            return Manner(said=(_same,), beat=inputs[0], holds=True)


def _same(time: int) -> int:
    return time


def _never(time: int) -> int:
    del time
    return ENDED


def _is_stepped(manner: Manner) -> bool:
    """Whether what comes out has few times, as ends of windows."""
    return any(manner.beat(time) != time for time in (0, 1))


def _ends(node: WindowNode) -> Moment:
    """From an instant to the last one of the first window that ends behind it."""
    grid = grid_of(node.window)
    if grid is None:
        return _same
    return lambda time: max(grid.first_end(grid.pane_start(time)) - 1, time)
