"""Gates of the runtimes that send over one link, as far as they tell: what they have dropped, by event time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from slac.runtime.gates.drops import Mask
from slac.runtime.gates.keys import Steps, Times, Weights
from slac.runtime.gates.told import Told, from_text, together
from slac.runtime.gates.unread import Unread
from slac.stream.batch import WEIGHT_ONE

_NOTHING: Final = np.uint64(WEIGHT_ONE)


@dataclass(frozen=True, slots=True)
class _Gate:
    """Of one input, of whichever runtime."""

    told: Told
    unread: Unread
    steps: Steps


class Elsewhere:
    """What the peers of one link have said. Asked as `slac.runtime.gates.drops.Drops`."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        """By peer, as it was said last; empty of those that have dropped nothing."""
        self._read: dict[str, Mapping[str, Told]] = {}
        self._made: Mapping[str, _Gate] | None = None

    def hear(self, peer: str, text: str) -> None:
        """All that a peer knows to have been dropped; BadTold where that cannot be read."""
        read = from_text(text)
        if self.said.get(peer) != text:
            self.said[peer], self._read[peer], self._made = text, read, None

    def meet(self, peer: str) -> None:
        """Rows of a peer have come: if it says nothing, it has dropped nothing."""
        if peer not in self.said:
            self.hear(peer, "")

    def forget(self, peer: str) -> None:
        """Nobody waits for a peer any more: what it has dropped is of times that nothing reaches back to."""
        if self.said.pop(peer, None) is not None:
            del self._read[peer]
            self._made = None

    def restore(self, said: Mapping[str, str]) -> None:
        """Take over what had been said."""
        self.said = dict(said)
        self._read = {peer: from_text(text) for peer, text in said.items()}
        self._made = None

    def told(self) -> dict[str, Told]:
        """By input, of all peers together."""
        return {name: gate.told for name, gate in self._by_input().items()}

    def _by_input(self) -> Mapping[str, _Gate]:
        # Many peers say something new between two questions.
        if self._made is None:
            several: dict[str, list[Told]] = {}
            for read in self._read.values():
                for name, one in read.items():
                    several.setdefault(name, []).append(one)
            peers = len(self._read)
            self._made = {n: _gate(together(found, others=len(found) < peers)) for n, found in several.items()}
        return self._made

    @property
    def _gates(self) -> Collection[_Gate]:
        return self._by_input().values()

    @property
    def has_dropped(self) -> bool:
        """Whether any has dropped anything."""
        return bool(self._gates)

    @property
    def trace(self) -> bool:
        """Whether keys are trace ids."""
        return any(g.told.trace for g in self._gates)

    def __bool__(self) -> bool:
        return any(g.told.key and bool(g.steps) for g in self._gates)

    def highest(self, times: Times, reach: int | Times) -> Weights:
        """The highest weight of whole keys at any time from `reach` before each time up to it."""
        return self._most(times, lambda g: g.steps.highest(times, reach) if g.told.key else None)

    def unread_between(self, begins: Times, ends: Times, *, on_time: bool = False) -> Weights:
        """As `Drops` says; what was late where it was dropped is not told."""
        del on_time
        return self._most(begins, lambda g: g.unread.highest(begins, ends, WEIGHT_ONE))

    def left_out_between(self, begins: Times, ends: Times) -> Weights:
        """As `Drops` says."""

        def of(gate: _Gate) -> Weights | None:
            told = gate.told
            return gate.steps.highest(ends, ends - begins) if told.key and not told.subset else None

        return self._most(begins, of)

    def let_in_at(self, times: Times) -> Weights:
        """As `Drops` says."""
        found = [_let_in(g, times) for g in self._gates if g.told.key and not g.told.subset]
        return np.minimum.reduce(found) if found else np.full(len(times), WEIGHT_ONE, np.uint64)

    def withheld_between(self, begins: Times, ends: Times, *, is_own: bool) -> Mask:
        """As `Drops` says."""
        found = np.zeros(len(begins), np.bool_)
        for gate in self._gates:
            least = _let_in(gate, ends) if is_own and gate.told.key else _NOTHING
            found |= gate.steps.highest(ends, ends - begins) > least
        return found

    def parted_between(self, begins: Times, ends: Times) -> Mask:
        """As `Drops` says."""
        found = np.zeros(len(begins), np.bool_)
        for gate in self._gates:
            if gate.told.key and not gate.told.counted:
                found |= gate.steps.changed(begins, ends) | (begins < gate.told.uneven)
        return found

    def _most(self, times: Times, of: Callable[[_Gate], Weights | None]) -> Weights:
        found = np.full(len(times), WEIGHT_ONE, np.uint64)
        for gate in self._gates:
            one = of(gate)
            found = found if one is None else np.maximum(found, one)
        return found


def _let_in(gate: _Gate, times: Times) -> Weights:
    return np.where(times < gate.told.uneven, _NOTHING, gate.steps.at(times))


def _gate(told: Told) -> _Gate:
    unread, steps = Unread(0), Steps()
    unread.restore([None, WEIGHT_ONE, [list(s) for s in told.unread]])
    steps.restore(told.steps)
    return _Gate(told, unread, steps)
