"""Windows whose aggregates follow the order of samples: rows wait until the watermark has passed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.instructions import Notice
from slac.runtime.operator import BEGINNING, Operator, State
from slac.runtime.operators.on_time import on_time
from slac.stream.batch import Batch

_WAITING: Final = "waiting"


class InOrder(Operator):
    """Gives an operator its rows in the total order, those of one instant together; late ones are dropped and counted.

    State is that of the operator, and the rows between its last watermark and the newest one.
    """

    def __init__(self, inner: Operator) -> None:
        self._inner = inner
        self._held = HeldRows()
        self._reached = BEGINNING
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them."""
        frame = on_time(batch, self._reached)
        self._late += batch.height - frame.height
        self._held.add(frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Hand on the rows before the watermark, then what it makes due."""
        rows = self._held.release(watermark)
        self._reached = max(self._reached, watermark)
        said = [] if rows is None else list(self._inner.on_batch(0, Batch(rows.drop(AT))))
        due = self._inner.next_due()
        if due is not None and due <= watermark:
            said += self._inner.on_watermark(watermark, end=end)
        return said

    def output_watermark(self, watermark: int) -> int:
        """That of the operator: no row that is still held can lie before it."""
        return self._inner.output_watermark(watermark)

    def next_due(self) -> int | None:
        """Just behind the first row held, or when the operator has something to do."""
        waiting = None if self._held.lowest is None else self._held.lowest + 1
        return min((d for d in (waiting, self._inner.next_due()) if d is not None), default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held, or when the operator has closed all."""
        waiting = None if self._held.highest is None else self._held.highest + 1
        return max((d for d in (waiting, self._inner.open_until()) if d is not None), default=None)

    def snapshot(self) -> State:
        """The state of the operator, and the rows that wait."""
        inner, waiting = self._inner.snapshot(), self._held.frame()
        frames = {**inner.frames, **({} if waiting is None else {_WAITING: waiting})}
        return State({"inner": dict(inner.values), "reached": self._reached, "late": self._late}, frames)

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._reached, self._late = state.values["reached"], state.values["late"]
        frames = dict(state.frames)
        if _WAITING in frames:
            self._held.add(frames.pop(_WAITING))
        self._inner.restore(State(state.values["inner"], frames))

    def notices(self) -> Iterable[Notice]:
        """Those of the operator."""
        return self._inner.notices()

    def statistics(self) -> Mapping[str, int]:
        """Those of the operator, with `late` rows dropped here and `waiting` ones."""
        inner = self._inner.statistics()
        return {**inner, "late": self._late + inner.get("late", 0), "waiting": self._held.rows}
