"""`late: restate` of windows that every key has for itself: sessions, and windows that give a row for each row.

What a late row changes cannot be told from what was said: it may join two sessions, and changes all rows behind it. So
its key is run again from `retain` ago (`restating`); what differs comes again, and what is no more is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import polars as pl

from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.stream.batch import ARRIVAL_WATERMARK, REVISION, Batch, instants

_NEW: Final = pl.lit(0, pl.Int64)


class WindowReplay(RestatingOperator):
    """A late row that nobody has said before is a restatement, too: of nothing.

    `lasts`: how long (µs) a row alone keeps a window open.
    """

    def __init__(self, build: Callable[[], ReplayableOperator], retain: int, lasts: int) -> None:
        super().__init__(build, 1, retain)
        self._lasts = lasts

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones until it has passed where it was when they came."""
        frame = batch.frame
        if batch.late:
            number = pl.col(REVISION).fill_null(0) if REVISION in frame.columns else _NEW
            return super().on_batch(port, Batch(frame.with_columns(number.alias(REVISION)), late=True))
        passed = instants(frame) < self._mark
        if passed.any():
            missed = frame.filter(passed).with_columns(
                _NEW.alias(REVISION), pl.lit(self._mark, pl.Int64).alias(ARRIVAL_WATERMARK)
            )
            super().on_batch(port, Batch(missed, late=True))
            frame = frame.filter(~passed)
        return super().on_batch(port, Batch(frame)) if frame.height else ()

    def open_until(self) -> int | None:
        """The end of what is open, and of what the rows held will open."""
        port = self._ports[0]
        times = [port.waiting.highest, *(int(instants(f).max()) for f in port.restated)]  # type: ignore[arg-type]
        ends = [super().open_until(), self._lead.open_until(), *(t + self._lasts for t in times if t is not None)]
        return max((t for t in ends if t is not None), default=None)
