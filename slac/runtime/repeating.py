"""What one input did between its records, and does again at the same places after a crash: gate decisions, promises.

A deed stands behind the records that had come in before it: by source, the sequence number of the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from slac.runtime.arrival import Arrival
from slac.shedding.gate import Gate, GateDecision

PATIENCE: Final = 300_000_000
"""µs for which records that had been read before a crash, of an input without a journal, are waited for."""
UNWRITTEN: Final = 10_000
"""So many deeds wait, the latest, for a disk that refuses them."""


class Deed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `input` did: it `promised` (event time, µs), or its gate decided; neither: it had come so far.

    `positions`: by source, the sequence number of the first record behind it; a source that is not named says nothing.
    """

    input: str
    positions: dict[str, int] = {}
    promised: int | None = None
    decision: GateDecision | None = None


class Repeats:
    """The deeds of one input: `due` are done again, `made` are new and not written yet; none are made unless `keeps`.

    `marks`: what has come in has to be told too, because no journal knows it.
    """

    def __init__(self, gate: Gate, arrival: Arrival) -> None:
        self.due: deque[Deed] = deque()
        self.made: deque[Deed] = deque(maxlen=UNWRITTEN)
        self.keeps = False
        self.marks = False
        self._gate = gate
        self._arrival = arrival
        self._marked: dict[str, int] = {}
        self._since: int | None = None
        self._moved = False

    def promised(self, positions: Mapping[str, int]) -> None:
        """The input has promised; of several promises at one place the last says all."""
        if not self.keeps:
            return
        if self.made and self.made[-1].promised is not None and self.made[-1].positions == positions:
            self.made.pop()
        self.made.append(Deed(input=self._gate.input, positions=dict(positions), promised=self._arrival.promised))

    def decided(self, decision: GateDecision) -> None:
        """The gate has decided."""
        if self.keeps:
            self.made.append(Deed(input=self._gate.input, positions=decision.positions, decision=decision))

    def mark(self, positions: Mapping[str, int]) -> Deed | None:
        """How far the input has come since the last mark, where that must be told."""
        if not (self.keeps and self.marks) or positions == self._marked:
            return None
        more = {s: n for s, n in positions.items() if self._marked.get(s) != n}
        self._marked = dict(positions)
        return Deed(input=self._gate.input, positions=more)

    def await_all(self, deeds: Iterable[Deed], positions: Mapping[str, int]) -> None:
        """Do these again, in their order, behind those that are due already."""
        self.due.extend(deeds)
        self.reach(positions)

    def reach(self, positions: Mapping[str, int]) -> None:
        """Do what stands at or before these positions."""
        while self.due and all(positions.get(s, 0) >= n for s, n in self.due[0].positions.items()):
            self._do(self.due.popleft())

    def before_next(self, source: str, at: int) -> int:
        """How many records of `source`, from number `at` on, come before the next deed; 0 where it is not known."""
        return self.due[0].positions.get(source, 0) - at if self.due else 0

    def overtake(self) -> None:
        """All that can come again has come: what is left stands at the end of it."""
        while self.due:
            self._do(self.due.popleft())

    def lose_patience(self, now: int) -> None:
        """Overtake when records have not come again for too long: what they were read from is gone."""
        self._since = now if self._since is None else self._since
        if now - self._since > PATIENCE:
            self.overtake()

    def has_moved(self) -> bool:
        """Whether a promise that was repeated has moved the watermark since it was asked last."""
        moved, self._moved = self._moved, False
        return moved

    def snapshot(self) -> list[Any]:
        """What is still due, JSON-able."""
        return [msgspec.to_builtins(d) for d in self.due]

    def restore(self, state: Iterable[Any]) -> None:
        """Take over a snapshot."""
        self.due = deque(msgspec.convert(d, Deed) for d in state)

    def _do(self, deed: Deed) -> None:
        if deed.promised is not None:
            self._moved |= self._arrival.promise(deed.promised)
        if deed.decision is not None and deed.decision.number > self._gate.decision.number:
            self._gate.apply(deed.decision)
