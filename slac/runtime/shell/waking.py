"""When the main loop of a runtime goes on: when what has come in has been gathered, or at the time that it said."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Protocol


class Wakes(Protocol):
    """Who is told that something has come."""

    def set(self) -> None:
        """It is to be worked off before long."""


class Waking:
    """Is told that something has come (`set`), and decides by `pause` (seconds from then on) when it is worked off.

    Whoever waits is woken once: neither when something begins to be gathered, nor by a time that passes meanwhile.
    """

    def __init__(self, pause: Callable[[], float]) -> None:
        self._pause = pause
        self._due = self._until = math.inf
        self._is_due = False
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """Something has come. It waits no longer than what came before it, and may be more urgent."""
        loop = asyncio.get_running_loop()
        due = loop.time() + max(self._pause(), 0.0)
        if due < self._due:
            self._due = due
            if self._waiter is not None:
                self._arm(loop)

    @property
    def left(self) -> float:
        """Seconds until what has come is worked off; 0 where nothing has."""
        return max(self._due - asyncio.get_running_loop().time(), 0.0) if self._due < math.inf else 0.0

    async def wait(self, seconds: float) -> None:
        """Return when what has come is due; where nothing comes within so many seconds, then."""
        loop = asyncio.get_running_loop()
        self._until = loop.time() + seconds
        self._waiter = loop.create_future()
        self._arm(loop)
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._disarm()
        if self._is_due:
            self._due = math.inf

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._disarm()
        is_due = self._due < math.inf
        self._timer = loop.call_at(self._due if is_due else self._until, self._release, is_due)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self, is_due: bool) -> None:  # noqa: FBT001 - by a timer
        self._is_due = is_due
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
