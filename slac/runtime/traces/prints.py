"""Prints: two sums of hashes by which traces of one shape know each other while this process runs.

A call or event is hashed from its operation (and host), its place and its depth (or kind); a trace is the sum of these
hashes, and the sum of their squares: what tells shapes from one another, whatever order the records come in. Unlike
classes, prints are never written down, so they may be made by Polars' own hash of texts.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from slac.plan.traces import TraceSpec
from slac.runtime.traces.groups import Hashes
from slac.runtime.traces.records import END, HOST_OF, LEVEL, OPERATION, PLACE, START
from slac.runtime.traces.together import Part, Together
from slac.stream.ids import splitmix64

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_LACKS: Final = np.uint64(0x6C61636B73206974)
_PLACES: Final = np.int64(32)
_SEED: Final = 20_112


def prints(records: Together, spec: TraceSpec) -> tuple[Hashes, Hashes]:
    """Both sums of each number of a trace."""
    first, second = np.zeros(records.size, np.uint64), np.zeros(records.size, np.uint64)
    for part in records.parts:
        calls = _calls(part, spec)
        with np.errstate(over="ignore"):
            np.add.at(first, part.slots, calls)
            np.add.at(second, part.slots, calls * calls)
    return first, second


def _calls(part: Part, spec: TraceSpec) -> Hashes:
    """A hash of what each record says, apart from its times."""
    frame = part.frame
    operation = frame[OPERATION].hash(_SEED).to_numpy()
    if spec.by_host:
        operation = splitmix64(operation) ^ frame[HOST_OF].hash(_SEED).to_numpy()
    level = frame[LEVEL]
    if level.null_count():
        level = level.fill_null(-2)
    with np.errstate(over="ignore"):
        where = (frame[PLACE].to_numpy() << _PLACES) ^ level.to_numpy()
        said = operation ^ (where.view(np.uint64) * _SPREAD)
    if spec.form == "executions":
        for name in (START, END):
            if frame[name].null_count():
                said ^= np.where(frame[name].is_null().to_numpy(), _LACKS, np.uint64(0))
    return splitmix64(said)
