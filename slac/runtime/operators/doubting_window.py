"""A window over windows that closed because a peer could not be reached: it is undecided, and said again with them.

Rows that are undecided come once more when the peer is back. From the first of them on there is a second operator
(`sure`), which is given only what stands: it begins as a copy, takes a row when it is said again, and closes the same
windows without telling. What is told meanwhile is told by the first (`_inner`), of all rows that there are; what is
told once more comes from the second, which takes the first's place when the doubt is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import polars as pl

from slac.runtime.operator import BEGINNING, ENDED, Operator, State
from slac.runtime.operators.around import Around
from slac.stream.batch import ARRIVAL_WATERMARK, ID, REVISION, TIME, UNDECIDED, Batch

_SURE: Final = "sure"
_OPEN: Final = "doubted.rows"
_TOLD: Final = "doubted.told"
_END: Final = pl.col(TIME).cast(pl.Int64) + 1


class DoubtingWindow(Around):
    """One window; `build` makes its operator. What was told undecided is known for `retain` (µs).

    State beside that of the operator, as long as there is a doubt: a second one, the undecided rows that have not come
    again, and the undecided rows that were told.
    """

    def __init__(self, build: Callable[[], Operator], retain: int) -> None:
        self._build, self._retain = build, retain
        self._inner = build()
        self._sure: Operator | None = None
        self._rows: pl.DataFrame | None = None
        self._told: pl.DataFrame | None = None
        self._certain = ENDED
        self._closed = BEGINNING

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """As the operator does; of rows that come again each takes the place of the one with its id."""
        if self._certain == ENDED and self._sure is None:
            return self._inner.on_batch(port, batch)
        if batch.late:
            return self._late(port, batch.frame)
        frame = batch.frame
        doubted = frame.filter(UNDECIDED, self._certain < _END) if UNDECIDED in frame.columns else frame.clear()
        if doubted.height:
            self._begin()
            self._rows = _together(self._rows, doubted)
        if self._sure is not None:
            rest = frame.join(doubted, on=ID, how="anti", maintain_order="left") if doubted.height else frame
            self._quietly(port, Batch(rest))
        return self._inner.on_batch(port, batch)

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the operator does; undecided rows of it are remembered."""
        said = list(self._inner.on_watermark(watermark, end=end))
        self._closed = max(self._closed, watermark)
        if self._sure is not None:
            list(self._sure.on_watermark(watermark, end=end))
            for batch in said:
                if not batch.late and UNDECIDED in batch.frame.columns:
                    self._told = _together(self._told, batch.frame.filter(UNDECIDED))
            self._rows, self._told = (_after(f, watermark - self._retain) for f in (self._rows, self._told))
        return said

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """As the operator does; of windows over undecided rows it is said what stands of them."""
        self._certain = certain
        said = list(self._inner.on_doubt(certain))
        if self._sure is None:
            return said
        # What does not come again has to stay as it is.
        left = None if self._rows is None else self._rows.filter(certain >= _END)
        self._rows = _after(self._rows, certain)
        if left is not None and left.height:
            self._quietly(0, Batch(left, late=True))
        again = [batch.frame for batch in self._sure.on_doubt(certain)]
        frame = self._revised(pl.concat(again, how="diagonal") if again else None, certain)
        if certain == ENDED:
            self._inner, self._sure, self._rows, self._told = self._sure, None, None, None
        return () if frame is None or not frame.height else (Batch(frame, late=True),)

    def next_due(self) -> int | None:
        """When one of both has something to do."""
        due = [self._inner.next_due(), None if self._sure is None else self._sure.next_due()]
        return min((d for d in due if d is not None), default=None)

    def open_until(self) -> int | None:
        """When both have closed all."""
        until = [self._inner.open_until(), None if self._sure is None else self._sure.open_until()]
        return max((u for u in until if u is not None), default=None)

    def statistics(self) -> Mapping[str, int]:
        """Those of the operator, and how many undecided rows have not come again."""
        waiting = {} if self._rows is None else {"undecided": self._rows.height}
        return {**self._inner.statistics(), **waiting}

    def snapshot(self) -> State:
        """The state of the operator; in a doubt, what there is beside it."""
        state = self._inner.snapshot()
        if self._certain == ENDED and self._sure is None:
            return state
        beside: dict[str, Any] = {"certain": self._certain, "closed": self._closed, _SURE: None}
        frames = {name: f for name, f in ((_OPEN, self._rows), (_TOLD, self._told)) if f is not None}
        if self._sure is not None:
            sure = self._sure.snapshot()
            beside[_SURE] = dict(sure.values)
            frames |= {f"{_SURE}.{name}": frame for name, frame in sure.frames.items()}
        return State({**state.values, "doubt": beside}, {**state.frames, **frames})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._inner.restore(state)
        beside = state.values.get("doubt")
        if beside is None:
            return
        self._certain, self._closed = beside["certain"], beside["closed"]
        self._rows, self._told = state.frames.get(_OPEN), state.frames.get(_TOLD)
        if beside[_SURE] is not None:
            mine = f"{_SURE}."
            frames = {n.removeprefix(mine): f for n, f in state.frames.items() if n.startswith(mine)}
            self._sure = self._build()
            self._sure.restore(State(beside[_SURE], frames))

    def _begin(self) -> None:
        """From here on the two differ."""
        if self._sure is None:
            self._sure = self._build()
            self._sure.restore(self._inner.snapshot())

    def _late(self, port: int, frame: pl.DataFrame) -> Iterable[Batch]:
        """Rows that come again are for the second alone; a withdrawn one is for nobody."""
        again = frame.clear()
        if {REVISION, UNDECIDED} <= set(frame.columns):
            # Each comes again once; one that passes a selection only now was not there before.
            again = frame.filter(pl.col(REVISION) != 0, pl.col(UNDECIDED).is_not_null(), self._certain < _END)
        rest = frame.join(again, on=ID, how="anti", maintain_order="left") if again.height else frame
        if again.height:
            self._begin()
            self._rows = None if self._rows is None else self._rows.join(again, on=ID, how="anti")
            self._quietly(port, Batch(again.filter(pl.col(REVISION) > 0).drop(REVISION), late=True))
        if not rest.height:
            return ()
        self._quietly(port, Batch(rest, late=True))
        return self._inner.on_batch(port, Batch(rest, late=True))

    def _quietly(self, port: int, batch: Batch) -> None:
        if self._sure is not None and batch.height:
            list(self._sure.on_batch(port, batch))

    def _revised(self, said: pl.DataFrame | None, certain: int) -> pl.DataFrame | None:
        """What is said again: a window that was told has the next revision, and is withdrawn where nothing is left."""
        if self._told is None:
            return said
        told, self._told = self._told.filter(certain >= _END), _after(self._told, certain)
        if said is not None:
            was_told = pl.col(ID).is_in(told[ID].to_list())
            said = said.with_columns(pl.when(was_told).then(1).otherwise(REVISION).cast(pl.Int64).alias(REVISION))
            told = told.join(said, on=ID, how="anti", maintain_order="left")
        gone = told.with_columns(
            pl.lit(-1, pl.Int64).alias(REVISION),
            pl.lit(self._closed, pl.Int64).alias(ARRIVAL_WATERMARK),
            pl.lit(value=False).alias(UNDECIDED),
        )
        found = [f for f in (said, gone) if f is not None and f.height]
        return pl.concat(found, how="diagonal").sort(TIME, ID) if found else None


def _together(held: pl.DataFrame | None, more: pl.DataFrame) -> pl.DataFrame:
    return more if held is None else pl.concat([held, more], how="diagonal")


def _after(held: pl.DataFrame | None, instant: int) -> pl.DataFrame | None:
    """Rows of windows that end behind an instant."""
    return None if held is None else held.filter(instant < _END)
