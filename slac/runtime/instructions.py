"""What the core asks of its shell: data to publish, to send, to put aside. The core itself never does any I/O."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Publish:
    """Rows of `block` for output `output`."""

    output: str
    block: str
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Send:
    """Rows of a stream for the runtime of placement `to`; all are below `watermark`, which holds from now on.

    `ended`: nothing will follow; `real` is how far event time itself had come before the end was declared (µs).
    `certain`: how far all that send to this runtime were heard, where one could not be reached (µs). `gates`: what the
    gates before the stream have dropped (`slac.runtime.gates.told`); None: as was said last.
    """

    stream: str
    to: str
    frame: pl.DataFrame | None
    watermark: int
    ended: bool = False
    real: int | None = None
    certain: int | None = None
    gates: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that could not be used, to be kept with its reason and origin; of a secret one only the hash.

    `record`: its place in its source, from 1; 0 where nobody knows.
    """

    input: str
    origin: str
    reason: str
    raw: bytes
    hash: str = ""
    record: int = 0


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A bound of `block` has bitten: so many partial matches were given up since the last word; `at` is event time."""

    block: str
    bound: str
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """Samples of one series came to `block` from several sources at once, in so many results: those are NULL.

    `at` is event time.
    """

    block: str
    count: int
    at: int


Notice = GaveUp | Mixed
Instruction = Publish | Send | Refused | Notice
