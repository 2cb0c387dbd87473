"""The inputs of a runtime at work: each a task that reads into its queue, until it ends, fails, or is let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from slac.diagnostics import RunFailed, SlacError
from slac.runtime.shell.inputs import InputQueue
from slac.stream.ports import InputAdapter

log = logging.getLogger("slac.runtime")


class Reading:
    """Adapters and queues by block. `failure`: why an input could not go on, the first one that could not."""

    def __init__(
        self,
        adapters: Mapping[str, InputAdapter],
        queues: Mapping[str, InputQueue],
        *,
        once: bool,
        wake: Callable[[], None],
    ) -> None:
        self.failure: SlacError | None = None
        self._adapters = adapters
        self._queues = queues
        self._once = once
        self._wake = wake
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to read."""
        for name, adapter in self._adapters.items():
            task = asyncio.create_task(self._read(adapter, self._queues[name]), name=f"input {name}")
            task.add_done_callback(lambda t, n=name: self._done(n, t))  # type: ignore[misc]
            self._tasks[name] = task

    async def stop(self) -> None:
        """Read no more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for queue in self._queues.values():
            if queue.overflow is not None:
                await queue.overflow.close()

    async def _read(self, adapter: InputAdapter, queue: InputQueue) -> None:
        queue.presses_back = bool(getattr(adapter, "presses_back", False))
        queue.loses = bool(getattr(adapter, "loses_unread", False))
        if queue.overflow is not None:
            await asyncio.to_thread(queue.overflow.begin)
        await queue.replay()
        await adapter.run(queue)

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        self._queues[name].closed = True
        self._end_what_never_ends()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, SlacError):
            self.failure = self.failure or error
        elif error is not None:
            log.error("input %s failed", name, exc_info=error)
            self.failure = self.failure or RunFailed(f"input {name} failed: {type(error).__name__}: {error}")
        self._wake()

    def _end_what_never_ends(self) -> None:
        """With `once`, inputs that listen are over when all that can be read to an end have been."""
        if self._once and all(q.closed for q in self._queues.values() if q.source.node.can_wait):
            for name, queue in self._queues.items():
                if not queue.closed:
                    self._tasks[name].cancel()
