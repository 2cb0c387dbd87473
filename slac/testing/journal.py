"""What a runtime of the harness has taken in since its last checkpoint, so that it can crash and come back.

A file is read again from the position in the checkpoint, a link's sender sends again what was not acknowledged, and
idle promises are recorded: so a runtime that comes back is told the same things in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core
from slac.runtime.durable.pieces import StateInPieces
from slac.runtime.instructions import Instruction

Said = Callable[[Core], list[Instruction]]
"""Something that a runtime was told, to be told again."""


@dataclass(slots=True)
class Journal:
    """The last checkpoint of one runtime, when it was taken (µs), and everything since: (input or "", what)."""

    taken: int
    checkpoint: dict[str, StateInPieces]
    since: list[tuple[str, Said]] = field(default_factory=list)

    @classmethod
    def begin(cls, core: Core, now: int) -> Journal:
        """A journal that begins with a checkpoint of this moment."""
        return cls(now, pack(core.snapshot()))

    def tell(self, core: Core, said: Said, *, input_: str = "") -> list[Instruction]:
        """Tell a runtime something and remember it."""
        self.since.append((input_, said))
        return said(core)

    def renew(self, core: Core, now: int) -> None:
        """A new checkpoint: what came before is no longer needed."""
        self.taken, self.checkpoint, self.since = now, pack(core.snapshot()), []

    def revive(self, fresh: Core, now: int, *, lost: frozenset[str] = frozenset()) -> list[Instruction]:
        """Bring `fresh` from the checkpoint to where the old one was; what the inputs in `lost` had read is gone."""
        fresh.restore(unpack(self.checkpoint), now)
        self.since = [(name, said) for name, said in self.since if name not in lost]
        return [instruction for _, said in self.since for instruction in said(fresh)]
