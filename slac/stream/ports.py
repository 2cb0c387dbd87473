"""The seams between the runtime and the outside: what an adapter is, and what passes through it.

Adapters are asyncio code at the rim; the runtime's core never waits. Everything an adapter hands over is columnar or
raw bytes: it never builds an object per event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from slac.stream.arrow_body import ArrowBody

Position = dict[str, Any]
"""An adapter's own JSON-able account of how far it has read a source (file: inode, offset, record number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Raw records of one source, in order of arrival: exactly one of `ndjson`, `frame` and `arrow` is given.

    `ndjson`: whole lines of UTF-8 JSON objects, separated by LF. `frame`: decoded columns, either the wire form
    (`timestamp`, `payload`, `context`) or flat columns by field name. `arrow`: such columns, not decoded yet.
    `source` is the stable name of where they come from (file path as configured, or the instance's name): with the
    input it makes the upper 24 bits of the ids. `origin` is told when a record is quarantined, with its place in the
    source. `fault` comes from a table that could not be read again: then the version of before stays, and `frame` is
    empty.
    `position` is stored in the checkpoint once the records have entered the core. `arrival` in wall-clock µs.
    `first`: the sequence number that the first of them has in its source, where some before it are missing.
    """

    source: str
    arrival: int
    ndjson: bytes | None = None
    frame: pl.DataFrame | None = None
    arrow: ArrowBody | None = None
    origin: str = ""
    position: Position | None = None
    fault: str = ""
    first: int | None = None

    @property
    def size(self) -> int:
        """Bytes held, to be charged against the memory budget before decoding."""
        if self.ndjson is not None:
            return len(self.ndjson)
        if self.arrow is not None:
            return self.arrow.size
        return int(self.frame.estimated_size()) if self.frame is not None else 0


class InputSink(Protocol):
    """Where an input puts what it reads; given by the runtime."""

    async def push(self, records: Records) -> bool:
        """Take records over. Waits while the runtime presses back; False means refused (answer 429 or the like)."""
        ...

    async def lull(self) -> bool:
        """For who can leave things where they are: wait while nothing that is pushed would be worked off.

        True after a wait, just before all that was pushed is; False at once where there is nothing to wait for.
        """
        ...

    def beyond(self, size: int) -> None:
        """Be told that so many bytes may wait where they are fetched from, besides those that were pushed."""
        ...

    def resume(self, source: str) -> Position | None:
        """The position that the last checkpoint holds for `source`, or None."""
        ...


class InputAdapter(Protocol):
    """Takes data in from outside. Built by `build(settings, context)` of its module; `run` ends at the end of input."""

    can_wait: bool
    """True where reading can be paced without loss (file): such an input is never dropped for load."""

    async def run(self, sink: InputSink) -> None:
        """Read until the input ends (`--once` files) or the task is cancelled."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InputContext:
    """What an input adapter may know of its surroundings."""

    block: str
    instance: str
    now: Any  # Callable[[], int]: wall clock, µs
    once: bool = False
    directory: str = "."
    """Relative paths in settings start here: the working directory of `slac run`."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Declared field name -> language type, payload and context together: what is worth collecting."""


class OutputAdapter(Protocol):
    """Publishes rows to the outside, at least once: after a failure `publish` is called again with the same rows."""

    async def open(self) -> None:
        """Connect or create; raise SlacError with a plain sentence when that cannot work."""
        ...

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """Publish rows of one block (meta columns included); raise to be called again later."""
        ...

    async def close(self) -> None:
        """Flush and let go."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputContext:
    """What an output adapter may know of its surroundings.

    `kinds` says what each block publishes: `report`, `violation` or `row`.
    """

    block: str
    document: str
    instance: str
    directory: str = "."
    kinds: Mapping[str, str] = field(default_factory=dict)
