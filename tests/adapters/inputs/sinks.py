"""A sink that remembers what inputs push, and can be waited for."""

import asyncio
from collections.abc import Callable
from typing import Any

from slac.adapters.decoding import split_lines
from slac.stream.ports import InputAdapter, Position, Records


class RememberingSink:
    """Takes everything (or refuses everything), and knows positions to resume from."""

    def __init__(self, positions: dict[str, Position] | None = None, *, refuse: bool = False) -> None:
        self.pushed: list[Records] = []
        self.positions = positions or {}
        self.refuse = refuse
        self._changed = asyncio.Event()

    async def push(self, records: Records) -> bool:
        """Remember, or refuse."""
        if self.refuse:
            return False
        self.pushed.append(records)
        self._changed.set()
        return True

    async def lull(self) -> bool:
        """Nobody gathers here."""
        return False

    def beyond(self, size: int) -> None:
        """Nothing is bounded here."""

    def resume(self, source: str) -> Position | None:
        """The position given at the start."""
        return self.positions.get(source)

    @property
    def lines(self) -> list[bytes]:
        """All NDJSON records so far."""
        return [line for r in self.pushed if r.ndjson is not None for line in split_lines(r.ndjson)]

    @property
    def last_positions(self) -> dict[str, Position]:
        """The latest position of each source."""
        return {r.source: r.position for r in self.pushed if r.position is not None}

    async def until(self, condition: Callable[["RememberingSink"], Any], limit: float = 20) -> None:
        """Wait until the condition holds; fails after `limit` seconds."""
        async with asyncio.timeout(limit):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()


class Running:
    """An input that runs in the background for the time of a `with` block."""

    def __init__(self, adapter: InputAdapter, sink: RememberingSink) -> None:
        self._adapter = adapter
        self._sink = sink

    async def __aenter__(self) -> RememberingSink:
        self._task = asyncio.ensure_future(self._adapter.run(self._sink))
        return self._sink

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
