"""Where windows lie: half-open, aligned to the epoch, cut into panes that each belong to whole windows.

All instants are integers in µs. A pane is as long as the greatest common divisor of size and distance, so a row is
aggregated once however many windows it belongs to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import polars as pl

from slac.plan.nodes import WindowSpec
from slac.runtime.operators.pane_state import AFTER, EXPIRES, START

Instant = TypeVar("Instant", int, pl.Expr)

END = "_end"
"""Column (Int64 µs) of a window's end while it is being closed."""
_FEW: Final = 4
"""So many windows that end at once are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows `[k·every, k·every + size)` for every integer k."""

    size: int
    every: int

    @classmethod
    def of(cls, spec: WindowSpec) -> Grid | None:
        """The grid of a specification; None where it does not say (rows of `same` carry their window)."""
        if spec.size <= 0:
            return None
        return cls(spec.size, spec.every if spec.kind == "hopping" or spec.every > 0 else spec.size)

    @property
    def pane(self) -> int:
        """Length of a pane."""
        return math.gcd(self.size, self.every)

    @property
    def is_tumbling(self) -> bool:
        """Whether every pane is a window."""
        return self.size == self.every

    def pane_start(self, instant: int) -> int:
        """Start of the pane that holds an instant."""
        return instant // self.pane * self.pane

    def pane_of(self, instant: pl.Expr) -> pl.Expr:
        """The same, by columns."""
        return instant // self.pane * self.pane

    def panes(self, lowest: int, highest: int, most: int) -> list[int] | None:
        """The starts of panes from one to another; None if there are more than `most` behind the first."""
        return list(range(lowest, highest + 1, self.pane)) if highest - lowest <= most * self.pane else None

    def closed_by(self, instant: pl.Expr) -> pl.Expr:
        """The number of the last window that ends at or before an instant; windows are numbered by their starts."""
        return (instant - self.size) // self.every

    def end_of(self, number: pl.Expr) -> pl.Expr:
        """End of a window, by its number."""
        return number * self.every + self.size

    def start_of(self, number: pl.Expr) -> pl.Expr:
        """Start of a window, by its number."""
        return number * self.every

    def first_end(self, pane_start: int) -> int:
        """End of the first window that holds a pane."""
        return -((self.size - pane_start - self.pane) // self.every) * self.every + self.size

    def end_after(self, instant: int) -> int:
        """The first end of a window that lies behind an instant."""
        return ((instant - self.size) // self.every + 1) * self.every + self.size

    def last_end(self, pane_start: Instant) -> Instant:
        """End of the last window that begins at or before a pane: when the pane can be forgotten."""
        return pane_start // self.every * self.every + self.size

    def missed(self, pane_start: pl.Expr, bound: pl.Expr) -> pl.Expr:
        """How many of the windows that hold a pane have their end at or before `bound`."""
        first = -((self.size - pane_start - self.pane) // self.every)
        last = pane_start // self.every
        closed = (bound - self.size) // self.every
        return pl.max_horizontal(pl.min_horizontal(last, closed) - first + 1, pl.lit(0))

    def ended(self, rows: pl.DataFrame, bound: pl.Expr) -> pl.DataFrame:
        """The rows once for each of the windows of their pane that ended by `bound`: adds `_end`, moves `_start`."""
        pane, last = pl.col(START), self.last_end(pl.col(START))
        pieces = [
            rows.with_columns((last - hop * self.every).alias(END)).filter(pl.col(END) > pane, pl.col(END) <= bound)
            for hop in range(-(-self.size // self.every))
        ]
        return pl.concat(pieces).with_columns((pl.col(END) - self.size).alias(START))

    def windows(self, panes: pl.DataFrame, closed: int, until: int) -> pl.DataFrame:
        """The panes, once for each of their windows with an end in (closed, until]: adds `_end`, moves `_start`.

        There is one at least.
        """
        lowest = int(panes[START].min())  # type: ignore[arg-type]
        first = max(self.end_after(closed), self.first_end(lowest))
        if (until - first) // self.every < _FEW:
            return self._of_few(panes, range(first, until + 1, self.every))
        hops = range(-(-self.size // self.every))
        end = pl.col(EXPIRES)
        pieces = [
            panes.with_columns((end - hop * self.every).alias(END)).filter(
                pl.col(END) > pl.max_horizontal(pl.col(START), pl.col(AFTER), pl.lit(closed)), pl.col(END) <= until
            )
            for hop in hops
        ]
        return pl.concat(pieces).with_columns((pl.col(END) - self.size).alias(START))

    def _of_few(self, panes: pl.DataFrame, ends: range) -> pl.DataFrame:
        """The same where few windows end: one look at all panes for each, and none at how they lie in each other."""
        start, after = panes[START].to_numpy(), panes[AFTER].to_numpy()
        pieces = [panes[:0].with_columns(pl.col(EXPIRES).alias(END))]
        for end in ends:
            held = np.flatnonzero((start >= end - self.size) & (start < end) & (after < end))
            mine = panes if len(held) == len(start) else panes[pl.Series(held.astype(np.uint32))]
            bounds = {START: end - self.size, END: end}
            pieces.append(mine.with_columns(pl.lit(value, pl.Int64).alias(name) for name, value in bounds.items()))
        return pl.concat(pieces)
