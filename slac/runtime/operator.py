"""What every operator is: built from its plan node, driven by batches and watermarks, snapshotted and restored.

An operator never reads a clock, never waits and holds no reference to its neighbours: the core hands it what came in
and passes on what it returns. The same rows in any slicing give the same rows out, with the same ids: what depends on
order is done at the watermark, in the total order (`_time`, `_depth` where rows of several blocks meet, `_id`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.estimates.missed import Missed
from slac.runtime.instructions import Notice
from slac.stream.batch import Batch

Times = npt.NDArray[np.int64]

BEGINNING: Final = -(1 << 62)
"""The watermark before anything is known."""
ENDED: Final = 1 << 62
"""The watermark of a stream on which nothing will follow."""


@dataclass(frozen=True, slots=True)
class State:
    """All that an operator must remember: JSON-able values, and frames (written as Arrow IPC)."""

    values: Mapping[str, Any] = field(default_factory=dict)
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)


class Lacks(Protocol):
    """What gates have dropped of the events that a window is made of."""

    @property
    def has_any(self) -> bool:
        """Whether there is anything of which it may not be known that it was there."""

    def between(self, begins: Times, ends: Times) -> Missed:
        """The most that was dropped in spans of event time (µs, both ends within)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorContext:
    """What an operator may know beside its node: the document's name (ids are hashed from it), and the anchor.

    `start`: event time (µs) at which silence begins to count, the wall clock at the start of a live run; None where
    input is read from files to their end: then a stream's own first row is the anchor. `lacks`: by node, what windows
    that have no end may lack, because gates dropped it; `told`: by node, what gates before it have dropped, in words
    for another runtime.
    """

    document: str
    start: int | None = None
    lacks: Mapping[str, Lacks] = field(default_factory=dict)
    told: Mapping[str, Callable[[], str]] = field(default_factory=dict)


class Operator(ABC):
    """One node at work.

    The core calls `on_batch` only with rows, and `on_watermark` only when the lowest watermark of the ports has
    advanced and `next_due()` says that there is something to do (`next_due() is not None and next_due() <= watermark`).
    A watermark W promises that no row with `_time` < W will come on time; rows with `_time` == W still may.
    """

    unheard: frozenset[int] = frozenset()
    """Ports whose rows are not given to it, because it knows of them in another way."""

    tells_edges: bool = False
    """Whether somebody wants to know what rows consumed, where only the operator knows."""

    unsaid: int = 0
    """Rows that it need not say (`spare`) and has not said, since somebody asked and set it back."""

    @abstractmethod
    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Take rows of one port; return what can be said at once. A late batch has rows behind the watermark."""

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Work off what is due up to `watermark` (µs).

        `end`: the input has ended and the watermark was moved to the end of the last window that holds data;
        no silence and no stay report behind the last row may be invented.
        """
        del watermark, end
        return ()

    def spare(self, most: int | None) -> None:
        """No reader keeps some of what this operator says, and nobody else looks on; None: all is to be said.

        `most`: of traces those that last no longer than so many µs; of windows, rows behind so many of their key
        (`slac.runtime.sparing`). It may change at any time; windows are told before each wave, and before a snapshot.
        """
        del most

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """A peer cannot be reached: the watermark goes on without it, and what is behind `certain` (µs) may be missing.

        Called before `on_watermark`, whenever `certain` changes; it is `ENDED` when the doubt is over.
        """
        del certain
        return ()

    def output_watermark(self, watermark: int) -> int:
        """What this operator promises its readers when its ports stand at `watermark`; at most `watermark`."""
        return watermark

    def next_due(self) -> int | None:
        """The lowest watermark at which `on_watermark` has something to do; None when it holds nothing."""
        return None

    def open_until(self) -> int | None:
        """The watermark that would close all windows that hold data now; None when there is none (end of input)."""
        return None

    def snapshot(self) -> State:
        """All that `restore` needs to go on as if nothing had happened."""
        return State()

    def restore(self, state: State) -> None:
        """Take over a snapshot; called once, before any batch."""
        del state

    def notices(self) -> Iterable[Notice]:
        """What must be told beside rows, each thing once: that a bound has bitten, that series are mixed."""
        return ()

    def edges(self) -> Iterable[pl.DataFrame]:
        """What rows consumed (`_id`, `_consumed`), once, while `tells_edges`, where only this operator knows."""
        return ()

    def statistics(self) -> Mapping[str, int]:
        """Counters for status and metrics: `late` (rows dropped as late), `keys` (keys held), and the like."""
        return {}
