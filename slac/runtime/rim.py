"""The operators at the far rim of a runtime: outputs, and links to other runtimes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import LinkOutNode, OutputNode
from slac.runtime.instructions import Instruction, Publish, Send
from slac.runtime.operator import BEGINNING, ENDED, Operator, State
from slac.stream.batch import ARRIVAL_WATERMARK, REVISION, TIME, Batch, instants, link_place, total_order
from slac.stream.order import in_order

MOST_ROWS: Final = 500_000
"""Rows in one message of a link: what a watermark that stood still for long sets free is sent in parts."""
AGAIN: Final = 60_000_000
"""After so much event time (µs) what gates have dropped is told once more."""


class OutputOperator(Operator):
    """Hands rows to an output; of late ones only restatements: rows that were published are published again."""

    def __init__(self, node: OutputNode, blocks: tuple[str, ...], instructions: list[Instruction]) -> None:
        self._node = node
        self._blocks = blocks
        self._instructions = instructions

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Ask for publication."""
        frame = restated(batch.frame) if batch.late else batch.frame
        if frame.height:
            self._instructions.append(Publish(self._node.block, self._blocks[port], frame))
        return ()


def restated(frame: pl.DataFrame) -> pl.DataFrame:
    """Of late rows those that say again what was said before, under the same ids."""
    return frame.filter(pl.col(REVISION).is_not_null()) if REVISION in frame.columns else frame.clear()


class LinkOutOperator(Operator):
    """Holds rows until the watermark passes them, so that what crosses a link is in order and can be told by it.

    A receiver that has accepted watermark W has every row below W: after a crash on either side that is all they need
    to agree on. A late row takes the place of the watermark behind which it came (`_wm`). What gates before it have
    dropped (`gates`) is told with the rows that it matters to, when it has changed, and from time to time: a receiver
    may have begun anew.
    """

    def __init__(
        self, node: LinkOutNode, instructions: list[Instruction], gates: Callable[[], str] | None = None
    ) -> None:
        self._node = node
        self._gates = gates
        self._told = ""
        self._again = BEGINNING
        self._instructions = instructions
        self._held: list[tuple[int, int, pl.DataFrame]] = []
        self._late = 0
        self._certain: int | None = None

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """Told with the next watermark: behind all rows that this runtime has by now."""
        self._certain = certain if certain < ENDED else None
        return ()

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows back."""
        self._late += batch.height if batch.late else 0
        self._hold(batch.frame)
        return ()

    def _hold(self, frame: pl.DataFrame) -> None:
        """Keep a frame with its lowest and highest place: most are passed whole, or not at all."""
        if frame.height:
            places = _places(frame).to_numpy()
            self._held.append((int(places.min()), int(places.max()), frame))

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Release what the watermark has passed."""
        del end
        ready = self._release(watermark)
        while ready is not None and ready.height > MOST_ROWS:
            first, until = _first_part(ready)
            if not first.height:
                break
            self._send(first, until)
            ready = ready.slice(first.height)
        self._send(None if ready is None else in_order(ready, total_order(ready)), watermark)
        return ()

    def _send(self, frame: pl.DataFrame | None, watermark: int) -> None:
        gates = self._telling(watermark)
        self._instructions.append(
            Send(self._node.stream, self._node.to, frame, watermark, certain=self._certain, gates=gates)
        )

    def _telling(self, watermark: int) -> str | None:
        """What is to be told of gates; None for nothing."""
        gates = self._told if self._gates is None else self._gates()
        if gates == self._told and (not gates or watermark < self._again):
            return None
        self._told, self._again = gates, watermark + AGAIN
        return gates

    def next_due(self) -> int | None:
        """Every advance of the watermark is news to the other side."""
        return BEGINNING

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        return max((high + 1 for _, high, _ in self._held), default=None)

    def snapshot(self) -> State:
        """The rows held back."""
        frames = {"held": pl.concat([f for _, _, f in self._held], how="diagonal")} if self._held else {}
        told = {"told": [self._told, self._again]} if self._told else {}
        return State({"late": self._late, "certain": self._certain, **told}, frames)

    def restore(self, state: State) -> None:
        """Take over the rows held back."""
        self._late, self._certain = state.values["late"], state.values["certain"]
        self._told, self._again = state.values.get("told", ("", BEGINNING))
        if "held" in state.frames:
            self._hold(state.frames["held"])

    def statistics(self) -> dict[str, int]:
        """`late`: rows that crossed as late ones."""
        return {"late": self._late}

    def _release(self, watermark: int) -> pl.DataFrame | None:
        due = [(high, frame) for low, high, frame in self._held if low < watermark]
        if not due:
            return None
        self._held = [entry for entry in self._held if entry[0] >= watermark]
        parts = []
        for high, frame in due:
            if high < watermark:
                parts.append(frame)
                continue
            passed, rest = _cut(frame, watermark)
            parts.append(passed)
            self._hold(rest)
        ready = parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal")
        return ready.sort(link_place(ready)) if ready.height > MOST_ROWS else ready


def _cut(frame: pl.DataFrame, watermark: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows before `watermark`, and the others; slices, which cost nothing, where places ascend: mostly they do."""
    places = _places(frame)
    numbers = places.to_numpy()
    if (numbers[1:] < numbers[:-1]).any():
        return frame.filter(places < watermark), frame.filter(places >= watermark)
    place = int(np.searchsorted(numbers, watermark))
    return frame.slice(0, place), frame.slice(place)


def _places(frame: pl.DataFrame) -> pl.Series:
    """`link_place`, without a query where no row is late."""
    if ARRIVAL_WATERMARK not in frame.columns:
        return instants(frame)
    return frame.select(link_place(frame).alias(TIME))[TIME]


def _first_part(ready: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """What lies before the place of row `MOST_ROWS`, in the total order, and that place; `ready` is sorted by place."""
    places = _places(ready)
    until = int(places[MOST_ROWS])
    first = ready.head(int((places < until).sum()))
    return in_order(first, total_order(first)), until
