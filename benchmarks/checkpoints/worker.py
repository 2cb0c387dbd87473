"""Checkpoints of one kind of operator: `python -m benchmarks.checkpoints.worker KIND KEYS` prints JSON."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from benchmarks.state_growth.worker import batches, compiled, fill, keys_of, records
from slac.runtime.checkpoint import Cut, StateDirectory
from slac.runtime.core import Core
from slac.runtime.durable.pieces import cut

CHANGES: Final = 20
"""Batches of 1 000 keys between two checkpoints."""
T = TypeVar("T")


class Taken(msgspec.Struct, frozen=True):
    """One checkpoint: wall seconds for which the core stood still, CPU seconds of all of it, and bytes written."""

    stood: float
    cpu: float
    bytes: int


class Found(msgspec.Struct, frozen=True):
    """The first checkpoint, the one after some keys have changed, and wall seconds until a runtime has it again."""

    first: Taken
    following: Taken
    recovery: float


def measured(kind: str, size: int, directory: StateDirectory) -> Found:
    """Fill, write, change, write again, and read."""
    core, keys = Core(compiled(kind), now=0, live=False), keys_of(size)
    at = fill(core, keys)
    first = _checkpoint(core, directory, 1)
    for instant, chosen, ok in batches(keys, CHANGES, at):
        for block in core.sources:
            core.on_records(block, [records(instant, chosen, ok=ok, block=block)])
    following = _checkpoint(core, directory, 2)
    del core
    fresh = Core(compiled(kind), now=0, live=False)
    _, recovery = _timed(lambda: _recover(fresh, directory))
    return Found(first, following, recovery)


def _checkpoint(core: Core, directory: StateDirectory, number: int) -> Taken:
    began = time.process_time()
    states, stood = _timed(lambda: cut(core.snapshot()))
    written = directory.write(Cut(digest="bench", taken=0, number=number, states=states))
    return Taken(stood, time.process_time() - began, written)


def _recover(fresh: Core, directory: StateDirectory) -> None:
    restored = directory.read("bench")
    if restored is not None:
        fresh.restore(restored.states, 0)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    return call(), time.perf_counter() - began


def main(kind: str, size: int) -> None:
    """Print what was found."""
    with tempfile.TemporaryDirectory() as place:
        directory = StateDirectory(Path(place))
        directory.open()
        found = measured(kind, size, directory)
        directory.close()
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
