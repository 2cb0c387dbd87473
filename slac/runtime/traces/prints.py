"""Prints: a sum of hashes by which traces of one shape know each other while this process runs.

A call or event is hashed from its operation (and host), its place and its depth (or kind); a trace is the sum of these
hashes: what tells shapes from one another, whatever order the records come in. Unlike classes, prints are never written
down, so they may be made by Polars' own hash of texts; like classes, they are of 64 bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from slac.plan.traces import TraceSpec
from slac.runtime.traces.groups import Hashes, Longs
from slac.runtime.traces.records import END, HOST_OF, LEVEL, OPERATION, PLACE, START
from slac.runtime.traces.together import Part, Together
from slac.stream.ids import splitmix64

# Odd numbers without a pattern, as signed ones.
_PLACES: Final = np.int64(-0x61C8864680B583EB)
_LEVELS: Final = np.int64(-0x40A7B892E31B1A47)
_SPREAD: Final = np.int64(-0x6B2FB644ECCEEE15)
_LACKS: Final = np.uint64(0x6C61636B73206974)
_HALF: Final = np.int64(32)
_SEED: Final = 20_112
_AT_ONCE: Final = 1 << 15
"""Rows that are hashed at once: what is made of them stays in the cache."""


def prints(records: Together, spec: TraceSpec) -> Hashes:
    """The sum of each number of a trace."""
    # To add to signed numbers takes half as long, and wraps in the same way.
    total = np.zeros(records.size, np.int64)
    spare = np.empty((2, _AT_ONCE), np.int64)
    for part in records.parts:
        operation, place, level = _operations(part, spec).view(np.int64), part.values(PLACE), part.values(LEVEL, -2)
        for begin in range(0, len(part.slots), _AT_ONCE):
            rows = slice(begin, begin + _AT_ONCE)
            np.add.at(total, part.slots[rows], _calls(operation[rows], place[rows], level[rows], spare))
    return total.view(np.uint64)


def _operations(part: Part, spec: TraceSpec) -> Hashes:
    """A hash of the operation of each record, and of the host where it counts; others where a time is missing."""
    frame = part.frame
    operation = _hashed(frame[OPERATION])
    if spec.by_host:
        operation = splitmix64(operation) ^ _hashed(frame[HOST_OF])
    for name in (START, END) if spec.form == "executions" else ():
        if frame[name].null_count():
            operation = operation ^ np.where(frame[name].is_null().to_numpy(), _LACKS, np.uint64(0))
    return operation


def _hashed(texts: pl.Series) -> Hashes:
    """By rows of a frame: `Series.hash` would start a query."""
    found: Hashes = texts.to_frame().hash_rows(_SEED).to_numpy()
    return found


def _calls(operation: Longs, place: Longs, level: Longs, spare: Longs) -> Longs:
    """Of each record a hash, which stands in `spare` until the next ones come."""
    said: Longs = spare[0, : len(place)]
    other = spare[1, : len(place)]
    np.multiply(place, _PLACES, out=said)
    said += np.multiply(level, _LEVELS, out=other)
    said ^= operation
    said *= _SPREAD
    # Operations are as good as random already, so one round mixes them with their places.
    said ^= np.right_shift(said, _HALF, out=other)
    return said
