"""Rows that wait until the watermark has passed them, and then leave in the total order."""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.stream.batch import DEPTH, ID, TIME

AT: Final = "_at"
"""Column (Int64 µs) of a row's time."""


class HeldRows:
    """Frames with `_time`; `release` gives them back with `_at` as well."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []
        self.lowest: int | None = None
        self.highest: int | None = None
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Hold rows, in any order."""
        if not frame.height:
            return
        times = frame[TIME].to_physical()
        low, high = int(times.min()), int(times.max())  # type: ignore[arg-type]
        self.lowest = low if self.lowest is None else min(self.lowest, low)
        self.highest = high if self.highest is None else max(self.highest, high)
        self.rows += frame.height
        self._frames.append(frame)

    def release(self, watermark: int) -> pl.DataFrame | None:
        """The rows before `watermark` in the total order, or None."""
        if self.lowest is None or self.lowest >= watermark:
            return None
        held = pl.concat(self._frames, how="diagonal").with_columns(pl.col(TIME).to_physical().alias(AT))
        passed = pl.col(AT) < watermark
        ready, rest = held.filter(passed), held.filter(~passed)
        self._frames, self.lowest, self.highest, self.rows = [], None, None, 0
        self.add(rest.drop(AT))
        order = [AT, DEPTH, ID] if DEPTH in ready.columns else [AT, ID]
        return ready.sort(order)

    def frame(self) -> pl.DataFrame | None:
        """All rows held, for a snapshot."""
        return pl.concat(self._frames, how="diagonal") if self._frames else None
