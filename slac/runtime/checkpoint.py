"""Checkpoints: a manifest and its blobs, written whole or not at all, and a lock: one runtime owns a directory."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slac.diagnostics import RunFailed
from slac.runtime.durable.blobs import Blobs, Damaged
from slac.runtime.durable.deployed import Deployed, Deploying, cut_of
from slac.runtime.durable.files import Files
from slac.runtime.durable.lock import FileLock
from slac.runtime.durable.manifest import Manifest, read_manifest, to_bytes
from slac.runtime.durable.pieces import CutState, Piece, StateInPieces, cut, from_pieces, in_pieces
from slac.runtime.durable.texts import Texts
from slac.runtime.operator import State

GENERATIONS: Final = ("checkpoint", "checkpoint.previous")
_OWNER_ONLY: Final = 0o700

log = logging.getLogger("slac.runtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One runtime at one moment; `digest`, `taken` and `number` as in `Manifest`."""

    digest: str
    taken: int
    number: int
    states: Mapping[str, CutState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A checkpoint that was read."""

    taken: int
    number: int
    states: Mapping[str, State]


def pack(states: Mapping[str, State]) -> dict[str, StateInPieces]:
    """States as a checkpoint holds them, all in memory: what is measured, and what tests restart from."""
    return {name: in_pieces(state, lambda data: Piece("", data)) for name, state in cut(states).items()}


def unpack(records: Mapping[str, StateInPieces]) -> dict[str, State]:
    """The reverse of `pack`."""
    return {name: from_pieces(r, lambda piece: piece.data) for name, r in records.items()}


class StateDirectory:
    """The directory of one runtime instance; taken by `open`, given back by `close`.

    Two generations are kept: one of which anything is torn or damaged is set aside in favour of the one before it.
    """

    def __init__(self, directory: Path, files: Files | None = None) -> None:
        self.directory = directory
        self._files = files or Files()
        self._blobs = Blobs(directory / "blobs", self._files)
        self._texts = Texts(self._blobs.has)
        self.deploying = Deploying(directory, self._files)
        self._used: dict[str, set[str]] | None = None
        self._lock = FileLock(directory / "lock")

    def open(self) -> None:
        """Create and lock; RunFailed when another runtime holds it or it cannot be written."""
        try:
            self.directory.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            self._blobs.directory.mkdir(mode=_OWNER_ONLY, exist_ok=True)
            is_ours = self._lock.take()
        except OSError as error:
            raise RunFailed(f"the state directory {self.directory} cannot be used: {error.strerror}") from error
        if not is_ours:
            raise RunFailed(
                f"another runtime is using {self.directory}: two runtimes of one node need different --instance names"
            )
        try:
            self.deploying.settle(GENERATIONS)
        except (OSError, RunFailed) as error:
            self.close()
            if isinstance(error, RunFailed):
                raise
            raise RunFailed(f"the state directory {self.directory} cannot be used: {error.strerror}") from error

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    def write(self, cut: Cut) -> int:
        """Write durably; returns the bytes written. RunFailed when the disk refuses: the run may go on."""
        before = self._blobs.written
        used = self._used if self._used is not None else self._used_on_disk()
        self._used, sealed = None, self._sealed()
        try:
            made = cut.states.items()
            states = {name: in_pieces(state, self._blobs.keep, self._texts.keep) for name, state in made}
            manifest = Manifest(digest=cut.digest, taken=cut.taken, number=cut.number, states=states)
            self._blobs.settle()
            data = to_bytes(manifest)
            self._turn(data)
        except OSError as error:
            self._blobs.sweep(sealed.union(*self._used_on_disk().values()))
            raise RunFailed(f"the checkpoint could not be written to {self.directory}: {error.strerror}") from error
        self._texts.turn()
        target, previous = GENERATIONS
        self._used = {target: manifest.names(), previous: used.get(target, used.get(previous, set()))}
        self._blobs.sweep(self._used[target] | self._used[previous] | sealed)
        return self._blobs.written - before + len(data)

    def seal(self, cut: Cut, deployed: Deployed) -> None:
        """Keep what a change begins with, beside what there is. RunFailed when the disk refuses."""
        try:
            states = {name: in_pieces(state, self._blobs.keep) for name, state in cut.states.items()}
            self._blobs.settle()
            manifest = Manifest(digest=cut.digest, taken=cut.taken, number=cut.number, states=states)
            self.deploying.seal(deployed, to_bytes(manifest))
        except OSError as error:
            raise RunFailed(f"the change could not be written to {self.directory}: {error.strerror}") from error

    def read(self, digest: str) -> Restored | None:
        """The newest whole checkpoint, or None where there never was one.

        RunFailed when it belongs to another document, or when all that is there is damaged: to begin anew would say
        everything again, and lose what senders no longer keep.
        """
        there = [path for n in GENERATIONS if (path := self.directory / n).exists()]
        for path in there:
            restored = self._load(path, digest)
            if restored is not None:
                if path != there[0]:
                    self._set_aside(path, there[0], restored.number)
                return restored
        if there:
            raise RunFailed(
                f"no checkpoint in {self.directory} can be read: they are damaged; "
                "start with another --state directory, or remove this one to begin anew"
            )
        return None

    def _load(self, path: Path, digest: str) -> Restored | None:
        manifest = read_manifest(path)
        if manifest is None:
            return None
        if manifest.digest != digest:
            raise RunFailed(
                f"the state in {self.directory} was written by another version of this document; "
                "start with another --state directory, or remove this one to begin anew"
            )
        try:
            states = {name: from_pieces(s, self._blobs.fetch) for name, s in manifest.states.items()}
        except Damaged:
            return None
        return Restored(taken=manifest.taken, number=manifest.number, states=states)

    def _set_aside(self, sound: Path, damaged: Path, number: int) -> None:
        """Let the sound one be the newest, so that the next does not put the damaged one in its place."""
        log.warning(
            "a checkpoint in %s is damaged; going on from number %d. If it was the newest, what other runtimes "
            "have sent since then and were told was safe is missing",
            self.directory,
            number,
        )
        try:
            self._files.replace(sound, damaged)
        except OSError as error:
            raise RunFailed(f"the state directory {self.directory} cannot be used: {error.strerror}") from error

    def _turn(self, data: bytes) -> None:
        target, previous = (self.directory / n for n in GENERATIONS)
        fresh = self.directory / "checkpoint.new"
        self._files.write(fresh, data)
        if target.exists():
            self._files.replace(target, previous)
        self._files.replace(fresh, target)
        self._files.sync(self.directory)

    def _sealed(self) -> set[str]:
        """The blobs of a change that is not decided."""
        sealed = self.deploying.sealed
        manifest = None if sealed is None else read_manifest(self.directory / cut_of(sealed.change))
        return set() if manifest is None else manifest.names()

    def _used_on_disk(self) -> dict[str, set[str]]:
        found = {n: read_manifest(self.directory / n) for n in GENERATIONS}
        return {n: m.names() for n, m in found.items() if m is not None}
