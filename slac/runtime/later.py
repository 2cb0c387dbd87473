"""A batch whose rows are made when somebody looks at them: most of what is counted is never read."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from slac.stream.batch import Batch


class LaterBatch(Batch):
    """So many rows, none of them late; `make` gives them, once."""

    __slots__ = ("_height", "_made", "_make")

    _height: int
    _make: Callable[[], pl.DataFrame]
    _made: pl.DataFrame | None

    def __init__(self, height: int, make: Callable[[], pl.DataFrame]) -> None:
        # What a batch is made of cannot be assigned.
        for name, value in {"late": False, "_height": height, "_make": make, "_made": None}.items():
            object.__setattr__(self, name, value)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self._height

    @property
    def frame(self) -> pl.DataFrame:
        """The rows."""
        if self._made is None:
            object.__setattr__(self, "_made", self._make())
        assert self._made is not None
        return self._made
