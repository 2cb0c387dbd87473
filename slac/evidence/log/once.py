"""What came in once: a restart does again what was done behind its checkpoint, and the log has it twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.evidence.log.feed import Restored, RunBegan, Saved, Step
from slac.stream.batch import ID


class Once:
    """Goes along with the steps of one log. Remembered is what came in behind the last two checkpoints."""

    def __init__(self) -> None:
        self._since: dict[int, dict[str, set[int]]] = {}
        self._again: Mapping[str, set[int]] = {}

    def follow(self, step: Step) -> None:
        """The next step of the log."""
        match step:
            case RunBegan():
                self._again = {}
            case Saved(number=number):
                self._since = {**dict(list(self._since.items())[-1:]), number: {}}
            case Restored(number=number):
                self._again = self._since.get(number, {})
            case _:
                pass

    def fresh(self, node: str, frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """Which rows come for the first time; they are known from now on."""
        ids, again = frame[ID].to_list(), self._again.get(node)
        found = np.array([i not in again for i in ids], np.bool_) if again else np.ones(len(ids), np.bool_)
        for seen in self._since.values():
            seen.setdefault(node, set()).update(ids)
        return found
