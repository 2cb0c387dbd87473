"""A log that is made when somebody wants it: most runs have none, and what it needs takes time and memory to load."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slac.runtime.instructions import Instruction
from slac.runtime.links.sending import Sending
from slac.runtime.links.server import LinkServer
from slac.runtime.recorder import Logbook, LogMode, LogStatus, Recorded, Unlogged
from slac.shedding.gate import GateDecision


class LogLater:
    """A logbook for a run that begins without a log; `make` gives the one that it is from the first switch on."""

    def __init__(self, make: Callable[[], Logbook]) -> None:
        self._make = make
        self._book: Logbook = Unlogged()
        self._begin: Callable[[Logbook], None] = lambda _: None
        self._meet: Callable[[Logbook], None] = lambda _: None

    def begin(self, flow: Recorded, *, live: bool, start: int | None, restored: int, now: int) -> None:
        """Remembered."""
        self._begin = lambda book: book.begin(flow, live=live, start=start, restored=restored, now=now)

    def meet(self, server: LinkServer | None, client: Sending | None) -> None:
        """Remembered."""
        self._meet = lambda book: book.meet(server, client)

    def switch(self, mode: LogMode, now: int) -> None:
        """As of the log, which is made now if there is none."""
        if isinstance(self._book, Unlogged):
            if mode == "off":
                return
            self._book = self._make()
            self._begin(self._book)
            self._meet(self._book)
        self._book.switch(mode, now)

    def look(self, instructions: Sequence[Instruction], now: int) -> None:
        """As of the log."""
        self._book.look(instructions, now)

    def decided(self, decision: GateDecision) -> None:
        """As of the log."""
        self._book.decided(decision)

    def saved(self, number: int) -> Callable[[], None]:
        """As of the log."""
        return self._book.saved(number)

    @property
    def status(self) -> LogStatus:
        """As of the log."""
        return self._book.status

    def close(self) -> None:
        """As of the log."""
        self._book.close()
