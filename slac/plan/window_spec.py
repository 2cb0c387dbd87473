"""Where the windows of a node lie."""

from __future__ import annotations

from typing import Literal

import msgspec

WindowKind = Literal["tumbling", "hopping", "calendar", "session", "sliding", "running", "same"]
CalendarUnit = Literal["hour", "day", "week", "month", "quarter", "year"]


class WindowSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where windows lie; all of them are half-open. `size` and `every` are µs.

    `tumbling`, `hopping`: aligned to the epoch. `calendar`: from one local beginning of `unit` in `zone` to the next;
    `size` and `every` are then the longest that one can be. `session`: what follows within `size`, by key. `sliding`:
    a row for each row, over the `size` up to and including its instant. `running`: the same without a beginning.
    `same` groups by the window that the rows already carry; its other fields are those of that window.
    """

    kind: WindowKind
    size: int = 0
    every: int = 0
    unit: CalendarUnit | None = None
    zone: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether all keys have the same windows, known without looking at rows: such windows split and fill."""
        return self.kind not in ("session", "sliding", "running")
