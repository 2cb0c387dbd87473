"""The one file that makes a checkpoint: what it belongs to, and the pieces of every state."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import xxhash

from slac.diagnostics import RunFailed
from slac.runtime.durable.pieces import StateInPieces

FORMAT: Final = 2
MAGIC: Final = b"slac-checkpoint\n"
_HEAD: Final = len(MAGIC) + 8


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A consistent cut of one runtime.

    `digest` is that of the plan it belongs to, `taken` the wall clock (µs), `number` counts from 1.
    """

    format: int = FORMAT
    digest: str
    taken: int
    number: int
    states: dict[str, StateInPieces]

    def names(self) -> set[str]:
        """The blobs that it needs."""
        return set[str]().union(*(s.names() for s in self.states.values()))


def to_bytes(manifest: Manifest) -> bytes:
    """As it stands in its file, with a checksum."""
    body = msgspec.msgpack.encode(manifest)
    return MAGIC + xxhash.xxh3_64_digest(body) + body


def read_manifest(path: Path) -> Manifest | None:
    """None where it is torn or damaged; RunFailed where another version of slac has written it."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head, body = data[:_HEAD], data[_HEAD:]
    if head != MAGIC + xxhash.xxh3_64_digest(body):
        return None
    try:
        _refuse_other_formats(path, msgspec.msgpack.decode(body))
        return msgspec.msgpack.decode(body, type=Manifest)
    except msgspec.DecodeError:
        return None


def _refuse_other_formats(path: Path, found: Any) -> None:
    number = found.get("format") if isinstance(found, dict) else None
    if number == FORMAT:
        return
    age = "an older" if isinstance(number, int) and number < FORMAT else "a newer"
    raise RunFailed(
        f"the checkpoint in {path.parent} was written by {age} version of slac (format {number}; this one reads "
        f"{FORMAT}); end that run with the version that it was started with, or start with another --state directory"
    )
