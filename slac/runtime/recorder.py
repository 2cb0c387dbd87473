"""The seams between a runtime and its log: what looks on while the dataflow works, and what the shell tells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec
import polars as pl

from slac.diagnostics import RunFailed
from slac.runtime.instructions import Instruction
from slac.runtime.operator import State
from slac.shedding.gate import GateDecision
from slac.stream.batch import Batch

if TYPE_CHECKING:
    from slac.runtime.links.position import Position
    from slac.runtime.links.sending import Sending
    from slac.runtime.links.server import LinkServer

LogMode = Literal["off", "evidence", "full"]


class Recorder(Protocol):
    """Sees all that a dataflow is told and gives out, in order, in whatever thread it works; it only puts aside."""

    def saw(self, node_id: str, batch: Batch) -> None:
        """A batch has come in at a source or link, or has left a node."""
        ...

    def told(self, node_id: str, edges: pl.DataFrame) -> None:
        """What rows that have just left a node consumed: `_id`, `_consumed` (UInt64), where only the node knows."""
        ...

    def wave(self, promised: Mapping[str, int], certain: Mapping[str, int], *, end: bool) -> None:
        """What has come in is about to be carried through.

        `promised`: the watermarks of all sources and links; `certain`: how far links have all rows.
        """
        ...


class LogStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The log of a runtime: its mode, where it is, its bytes, rows lost since the start, what is wrong now."""

    mode: str
    place: str = ""
    bytes: int = 0
    lost: int = 0
    trouble: str = ""


class Accepting(Protocol):
    """A receiving link, as far as a log needs it."""

    def positions(self) -> Iterable[Position]:
        """How far each instance is accepted."""
        ...

    def take_moved(self) -> Iterable[Position]:
        """The same of those who have joined, sent or left since this was asked last."""
        ...


class Recorded(Protocol):
    """A dataflow, as far as a log needs it; `inlets` are its receiving links by node."""

    inlets: Mapping[str, Accepting]

    def record(self, recorder: Recorder | None) -> None:
        """Let `recorder` look on from now on; None: nobody."""
        ...

    def snapshot(self) -> Mapping[str, State]:
        """What all blocks hold, brought to where nothing waits."""
        ...


class Logbook(Protocol):
    """The log of one runtime; everything is called while the core is in no call. `now` is wall-clock µs."""

    def begin(self, flow: Recorded, *, live: bool, start: int | None, restored: int, now: int) -> None:
        """The run begins, from checkpoint `restored` (0: from nothing, -1: a state that was handed over).

        RunFailed where it cannot log.
        """
        ...

    def meet(self, server: LinkServer | None, client: Sending | None) -> None:
        """Who sends to this runtime, and whom it sends to: evidence of what crosses a link lies on both sides."""
        ...

    def switch(self, mode: LogMode, now: int) -> None:
        """Log so much from now on."""
        ...

    def look(self, instructions: Sequence[Instruction], now: int) -> None:
        """What the core asked for in its last call; called after every call."""
        ...

    def decided(self, decision: GateDecision) -> None:
        """A gate has decided."""
        ...

    def saved(self, number: int) -> Callable[[], None]:
        """A checkpoint was cut; what is returned waits, in any thread, until what led to it is written, or refused."""
        ...

    @property
    def status(self) -> LogStatus:
        """How it goes."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class Unlogged:
    """A logbook for a run that cannot log."""

    def begin(self, flow: Recorded, *, live: bool, start: int | None, restored: int, now: int) -> None:
        """Nothing begins."""

    def meet(self, server: LinkServer | None, client: Sending | None) -> None:
        """Nobody is asked."""

    def switch(self, mode: LogMode, now: int) -> None:
        """RunFailed: there is nobody who could."""
        del now
        if mode != "off":
            raise RunFailed("this runtime was started by a program that gives it no log")

    def look(self, instructions: Sequence[Instruction], now: int) -> None:
        """Nothing is kept."""

    def decided(self, decision: GateDecision) -> None:
        """Nothing is kept."""

    def saved(self, number: int) -> Callable[[], None]:
        """Nothing is kept."""
        return lambda: None

    @property
    def status(self) -> LogStatus:
        """Off."""
        return LogStatus(mode="off")

    def close(self) -> None:
        """Nothing is left."""
