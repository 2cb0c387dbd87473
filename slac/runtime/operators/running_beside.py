"""A running window whose rows a latest-join of its own input meets: it hands over what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from slac.plan.nodes import WindowNode
from slac.runtime.later import LaterBatch
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.running_by_columns import RunningByColumns, Wave
from slac.stream.batch import Batch
from slac.stream.ids import hash_columns


@dataclass(frozen=True, slots=True)
class Passed:
    """What the watermark has passed: as a wave by slot, and as the rows that the window says."""

    wave: Wave
    said: Batch


@dataclass(slots=True)
class Meeting:
    """What a window has worked off, in order, and its join has not; `apart`: what it has said of weighted rows."""

    passed: list[Passed] = field(default_factory=list)
    apart: list[Batch] = field(default_factory=list)

    def take(self) -> list[Passed]:
        """All of it."""
        taken, self.passed = self.passed, []
        return taken

    def take_apart(self) -> list[Batch]:
        """All that was said apart."""
        taken, self.apart = self.apart, []
        return taken


class RunningBeside(RunningByColumns):
    """Says the same rows as ever; where only joins read them, they are made when somebody looks."""

    def __init__(
        self, node: WindowNode, context: OperatorContext, meetings: Sequence[Meeting], *, is_read: bool
    ) -> None:
        super().__init__(node, context)
        self._meetings, self._is_read = meetings, is_read

    def _batch(self, rows: pl.DataFrame) -> Batch:
        wave = self._wave(rows)
        said: Batch
        if self._is_read:
            said = Batch(self._frame_of(wave, self._hashes.of(wave.slots, wave.rows)))
        else:
            said = LaterBatch(rows.height, lambda: self._made(wave))
        self._keep(wave)
        for meeting in self._meetings:
            meeting.passed.append(Passed(wave, said))
        return said

    def _made(self, wave: Wave) -> pl.DataFrame:
        """The slots may be those of other keys by now."""
        hashes = hash_columns(wave.rows, self._keys, self._results.salt)
        return self._frame_of(wave, hashes.to_numpy())
