"""Takes what was collected to where it belongs, in a thread of its own, so that the run does not wait for a disk."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Final, Protocol

from slac.evidence.log.segment import Content
from slac.evidence.log.writer import LogWriter
from slac.runtime.links.protocol import Named
from slac.stream.clock import SECOND

ROWS: Final = 256 * 1024
"""So many rows are written at once …"""
BYTES: Final = 64 * 1024 * 1024
"""… or so many bytes, as the collector counts them …"""
AGE: Final = 10 * SECOND
"""… or what has waited so long (µs)."""

log = logging.getLogger("slac.log")


class Stage(Protocol):
    """Decides what of all that happens is written, and when."""

    def take(self, content: Content, size: int) -> Content:
        """What is to be written now."""
        ...

    def cut(self, named: Named) -> Content:
        """What rows that another runtime names were made of."""
        ...

    def take_named(self) -> list[Named]:
        """Rows of other runtimes that have become evidence since the last time."""
        ...


class WriterThread:
    """Writes to `writer` what `stage` leaves of what is handed over. What a disk refuses is counted and told once."""

    def __init__(self, writer: LogWriter, stage: Stage, *, limit: int) -> None:
        self.stage = stage
        self.trouble = ""
        self.lost = 0
        self._writer = writer
        self._limit = limit
        self._bytes = 0
        self._queue: queue.SimpleQueue[tuple[Content, int, int] | Callable[[], None] | None] = queue.SimpleQueue()
        self._pending = Content()
        self._rows = self._size = 0
        self._since: int | None = None
        self._handed = 0
        self._done = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def pressure(self) -> float:
        """How full the way to the disk is; above 1 more than it should hold."""
        return (self._handed - self._done) / self._limit

    @property
    def wants_state(self) -> bool:
        """Whether a segment has begun that no replay could begin with."""
        return self._writer.wants_state

    def held(self) -> None:
        """A state is on its way, or there will be none."""
        self._writer.wants_state = False

    @property
    def bytes(self) -> int:
        """Bytes of the log."""
        return self._bytes

    def put(self, content: Content, size: int, now: int) -> None:
        """Hand over; `size` in bytes. Without content only time passes."""
        if content or self._since is not None:
            self._handed += size
            self._queue.put((content, size, now))

    def keep(self, named: Named, now: int) -> None:
        """Write what rows that another runtime names were made of."""
        self._queue.put(lambda: self._keep(self.stage.cut(named), 0, now))

    def flush(self, now: int) -> None:
        """Write soon what has gathered."""
        self._queue.put(lambda: self._write(now))

    def written(self) -> Callable[[], None]:
        """Waits until all that was handed over or asked for by now is done; to be called in any thread, at any time."""
        reached = threading.Event()
        self._queue.put(reached.set)

        def wait() -> None:
            reached.wait()

        return wait

    def settle(self) -> None:
        """Wait until it is known of all that was handed over what is to be written."""
        self.written()()

    def close(self) -> None:
        """Write all and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        last = 0
        while (item := self._queue.get()) is not None:
            if callable(item):
                self._guarded(item)
                continue
            content, size, last = item
            self._guarded(lambda: self._take(content, size, last))  # noqa: B023 - it is called at once
        self._guarded(lambda: self._write(last))
        self._guarded(self._writer.close)

    def _take(self, content: Content, size: int, now: int) -> None:
        try:
            left = self.stage.take(content, size)
        except Exception:
            # It is lost, and no longer on its way to the disk.
            self._done += size
            raise
        self._keep(left, size, now)

    def _keep(self, left: Content, size: int, now: int) -> None:
        if left:
            self._since = now if self._since is None else self._since
            self._add(left, size)
        else:
            self._done += size
        is_old = self._since is not None and now - self._since >= AGE
        if self._rows >= ROWS or self._size >= BYTES or is_old:
            self._write(now)

    def _add(self, content: Content, size: int) -> None:
        self._pending.entries += content.entries
        for node, batches in content.rows.items():
            self._pending.rows.setdefault(node, []).extend(batches)
            self._rows += sum(batch.height for _, batch in batches)
        for node, frames in content.logged.items():
            self._pending.logged.setdefault(node, []).extend(frames)
            self._rows += sum(frame.height for frame in frames)
        for node, frames in content.edges.items():
            self._pending.edges.setdefault(node, []).extend(frames)
        self._pending.states |= content.states
        self._size += size

    def _write(self, now: int) -> None:
        pending, size, rows = self._pending, self._size, self._rows
        self._pending, self._size, self._rows, self._since = Content(), 0, 0, None
        try:
            self._writer.write(pending, now)
        except OSError as error:
            self.lost += rows
            self._complain(f"{self._writer.place} cannot be written: {error.strerror or error}")
        else:
            self._recovered()
        finally:
            self._done += size
            self._bytes = self._writer.size

    def _complain(self, why: str) -> None:
        if not self.trouble:
            log.warning("%s; the run goes on without its log", why)
        self.trouble = why

    def _recovered(self) -> None:
        if self.trouble:
            log.warning("the log is written again; %d rows are not in it", self.lost)
        self.trouble = ""

    def _guarded(self, do: Callable[[], None]) -> None:
        """A mistake in here must not end the thread: the run would collect for nobody."""
        try:
            do()
        except Exception as error:  # told, and the next is tried
            log.exception("the log has failed")
            self.trouble = f"{type(error).__name__}: {error}"
