"""Parts of a log that cannot be run again, because what the blocks held when they began is not known."""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.evidence.log.frames import SEQ

END: Final = 1 << 62
"""Behind every entry."""


class Unknown:
    """Goes along a log: `begin` where something is missing, `end` where a state is, `stop` where a run is over.

    Rows of a part that ends at a state are not compared; what comes behind it is. Where no state follows, nothing
    says from where on rows can be trusted: they are compared all the same, and a gap says why they may differ.
    """

    def __init__(self) -> None:
        self.since: int | None = None
        self.gaps: list[str] = []
        self.notes: list[str] = []
        self._why = ""
        self._parts: list[tuple[int, int]] = []

    def begin(self, seq: int, why: str) -> None:
        """From this entry on nothing is known, unless that is so already."""
        if self.since is None:
            self.since, self._why = seq, why

    def end(self, seq: int) -> None:
        """What blocks hold at this entry is in the log."""
        if self.since is not None:
            self.notes.append(
                f"{self._why}: what came before entry {seq}, where it says what blocks held, is left alone"
            )
            self._parts.append((self.since, seq))
            self.since = None

    def stop(self, seq: int) -> None:
        """The run is over before this entry."""
        del seq
        if self.since is not None:
            self.gaps.append(f"{self._why}: what the blocks held then is not in the log")
            self.since = None

    def known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of all other parts."""
        if not rows.height:
            return rows
        for low, high in self._parts:
            rows = rows.filter(~pl.col(SEQ).is_between(low, high))
        return rows
