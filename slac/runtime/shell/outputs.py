"""Between the core and an output adapter: what is not yet published waits, is tried again, and survives a restart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import Final

import polars as pl
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from slac.runtime.operator import State
from slac.stream.ports import OutputAdapter

LIMIT: Final = 64 * 1024 * 1024
"""Bytes waiting from which on the inputs are pressed back."""

log = logging.getLogger("slac.output")


class OutputWorker:
    """One output at work; `publish` is retried for as long as it takes (at least once).

    `trouble`: why the adapter did not take what it was given last; empty where it did.
    """

    def __init__(self, name: str, adapter: OutputAdapter) -> None:
        self.name = name
        self.published = 0
        self.failures = 0
        self.trouble = ""
        self._adapter = adapter
        self._waiting: deque[tuple[str, pl.DataFrame]] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def congested(self) -> bool:
        """Whether so much waits that nothing more should be read."""
        return self._bytes > LIMIT

    @property
    def waiting(self) -> int:
        """Rows that are not published yet."""
        return sum(frame.height for _, frame in self._waiting)

    async def start(self) -> None:
        """Open the adapter and begin; a SlacError of the adapter passes through."""
        await self._adapter.open()
        self._task = asyncio.create_task(self._run(), name=f"output {self.name}")

    def put(self, block: str, frame: pl.DataFrame) -> None:
        """Rows to publish, after all that wait already."""
        self._waiting.append((block, frame))
        self._bytes += int(frame.estimated_size())
        self._idle.clear()
        self._news.set()

    async def stop(self, patience: float) -> None:
        """Give what waits `patience` seconds to get out, then let go; nothing where it was stopped or never started."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if self.waiting:
            log.error("output %s: %d rows are not published", self.name, self.waiting)
        try:
            await self._adapter.close()
        except Exception as error:  # noqa: BLE001 - an output that cannot even close does not keep the others open
            log.error("output %s could not be closed: %s", self.name, error)  # noqa: TRY400 - the reason is enough

    def snapshot(self) -> State:
        """What waits."""
        blocks = [b for b, _ in self._waiting]
        return State({"blocks": blocks}, {str(i): f for i, (_, f) in enumerate(self._waiting)})

    def restore(self, state: State) -> None:
        """Publish again what waited."""
        for i, block in enumerate(state.values["blocks"]):
            self.put(block, state.frames[str(i)])

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                block, frame = self._waiting[0]
                await self._publish(block, frame)
                self._waiting.popleft()
                self._bytes -= int(frame.estimated_size())
                self.published += frame.height
            self._idle.set()

    async def _publish(self, block: str, frame: pl.DataFrame) -> None:
        retrying = AsyncRetrying(
            wait=wait_exponential_jitter(initial=0.2, max=30),
            retry=retry_if_exception_type(Exception),
            before_sleep=self._complain,
        )
        async for attempt in retrying:
            with attempt:
                await self._adapter.publish(block, frame)
        self.trouble = ""

    def _complain(self, retry: RetryCallState) -> None:
        self.failures += 1
        error = retry.outcome.exception() if retry.outcome else None
        self.trouble = str(error).rstrip(".") or type(error).__name__
        if retry.attempt_number in (1, 5) or retry.attempt_number % 20 == 0:
            log.warning("output %s does not take what it is given (%s); it will be tried again", self.name, error)
