"""A directory of blobs, each named by the hash of its content: written once, read with proof, swept when unused."""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from slac.runtime.durable.files import Files
from slac.runtime.durable.pieces import Piece

INLINE: Final = 4096
"""So few bytes stand in the manifest itself: a file would cost more than it holds."""
_UNFINISHED: Final = ".new"


class Damaged(Exception):
    """A piece is not what its name says, or is gone."""


class Blobs:
    """The blobs under `directory`. What lies there is only trusted after this process has written or read it."""

    def __init__(self, directory: Path, files: Files) -> None:
        self.directory = directory
        self.written = 0
        self._files = files
        self._sound: set[str] = set()

    def keep(self, data: bytes) -> Piece:
        """A piece that holds these bytes, durable but for its directory entry; OSError when the disk refuses."""
        if len(data) <= INLINE:
            return Piece("", data)
        name = _name(data)
        if name not in self._sound:
            path = self.directory / name
            fresh = path.with_suffix(_UNFINISHED)
            self._files.write(fresh, data)
            self._files.replace(fresh, path)
            self._sound.add(name)
            self.written += len(data)
        return Piece(name)

    def fetch(self, piece: Piece) -> bytes:
        """The bytes of a piece; Damaged when they are not what was kept."""
        if not piece.name:
            return piece.data
        try:
            data = (self.directory / piece.name).read_bytes()
        except OSError as error:
            raise Damaged(piece.name) from error
        if _name(data) != piece.name:
            raise Damaged(piece.name)
        self._sound.add(piece.name)
        return data

    def has(self, name: str) -> bool:
        """Whether the blob is there, as far as this process knows."""
        return name in self._sound

    def settle(self) -> None:
        """Make the names of all that was kept durable."""
        self._files.sync(self.directory)

    def sweep(self, used: AbstractSet[str]) -> None:
        """Remove what no generation needs; what cannot be removed now goes another time."""
        self._sound &= used
        try:
            unused = [path for path in self.directory.iterdir() if path.name not in used]
            for path in unused:
                self._files.remove(path)
        except OSError:
            return


def _name(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
