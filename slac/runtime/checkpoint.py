"""Checkpoints: one file a cut, written whole or not at all, and a lock so that one runtime owns a state directory."""

from __future__ import annotations

import fcntl
import io
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl
import xxhash

from slac.diagnostics import RunFailed
from slac.runtime.operator import State

FORMAT: Final = 1
MAGIC: Final = b"slac-checkpoint\n"
GENERATIONS: Final = ("checkpoint", "checkpoint.previous")

log = logging.getLogger("slac.runtime")


class StateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One `State` as it is written: values as MessagePack, frames as Arrow IPC."""

    values: dict[str, Any]
    frames: dict[str, bytes]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A consistent cut of one runtime.

    `digest` is that of the plan it belongs to, `taken` the wall clock (µs), `number` counts from 1.
    """

    format: int = FORMAT
    digest: str
    taken: int
    number: int
    states: dict[str, StateRecord]


def pack(states: Mapping[str, State]) -> dict[str, StateRecord]:
    """States in the form that is written; frames are encoded here, so that the cut does not share memory."""
    return {
        name: StateRecord(values=dict(s.values), frames={k: _to_ipc(f) for k, f in s.frames.items()})
        for name, s in states.items()
    }


def unpack(records: Mapping[str, StateRecord]) -> dict[str, State]:
    """The reverse of `pack`."""
    return {
        name: State(r.values, {k: pl.read_ipc(io.BytesIO(b)) for k, b in r.frames.items()})
        for name, r in records.items()
    }


class StateDirectory:
    """The directory of one runtime instance; taken by `open`, given back by `close`.

    Two generations are kept: a file that is torn or damaged is set aside in favour of the one before it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock: io.TextIOWrapper | None = None

    def open(self) -> None:
        """Create and lock; RunFailed when another runtime holds it or it cannot be written."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._lock = (self.directory / "lock").open("w")
        except OSError as error:
            raise RunFailed(f"the state directory {self.directory} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            self._lock = None
            raise RunFailed(
                f"another runtime is using {self.directory}: two runtimes of one node need different --instance names"
            ) from error

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, checkpoint: Checkpoint) -> int:
        """Write durably; returns the bytes written. RunFailed when the disk refuses: the run may go on."""
        body = msgspec.msgpack.encode(checkpoint)
        data = MAGIC + xxhash.xxh3_64_digest(body) + body
        target, previous = (self.directory / n for n in GENERATIONS)
        fresh = self.directory / "checkpoint.new"
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                target.replace(previous)
            fresh.replace(target)
            self._sync()
        except OSError as error:
            raise RunFailed(f"the checkpoint could not be written to {self.directory}: {error.strerror}") from error
        return len(data)

    def read(self, digest: str) -> Checkpoint | None:
        """The newest whole checkpoint, or None where there never was one.

        RunFailed when it belongs to another document, or when all that is there is damaged: to begin anew would say
        everything again, and lose what senders no longer keep.
        """
        there = [path for n in GENERATIONS if (path := self.directory / n).exists()]
        if not there:
            return None
        found = [c for path in there if (c := _read(path)) is not None]
        if not found:
            raise RunFailed(
                f"no checkpoint in {self.directory} can be read: they are damaged, or of another version of slac; "
                "start with another --state directory, or remove this one to begin anew"
            )
        newest = max(found, key=lambda c: c.number)
        if len(found) < len(there):
            log.warning(
                "a checkpoint in %s is damaged; going on from number %d. If it was the newest, what other runtimes "
                "have sent since then and were told was safe is missing",
                self.directory,
                newest.number,
            )
        if newest.digest != digest:
            raise RunFailed(
                f"the state in {self.directory} was written by another version of this document; "
                "start with another --state directory, or remove this one to begin anew"
            )
        return newest

    def _sync(self) -> None:
        handle = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(path: Path) -> Checkpoint | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head, body = data[: len(MAGIC) + 8], data[len(MAGIC) + 8 :]
    if head != MAGIC + xxhash.xxh3_64_digest(body):
        return None
    try:
        checkpoint = msgspec.msgpack.decode(body, type=Checkpoint)
    except msgspec.DecodeError:
        return None
    return checkpoint if checkpoint.format == FORMAT else None


def _to_ipc(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()
