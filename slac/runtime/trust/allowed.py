"""The allow-list: public keys, whose they are, and what they may do. One JSON file, read again when it changes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from slac.diagnostics import RunFailed, UsageError

Scope = Literal["link", "read", "tap", "admin"]
"""`link`: send streams. `read`: status and counters. `tap`: see rows. `admin`: move, apply, stop."""
SCOPES: Final[tuple[Scope, ...]] = ("link", "read", "tap", "admin")
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")
KEY: Final = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
"""A CURVE key in Z85."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One key: `name` is `node/instance` of a runtime, or the name of a person or tool.

    `address`: where that runtime is dialled, which matters where several play its node.
    """

    name: str
    key: str
    scopes: tuple[Scope, ...]
    address: str = ""


_decoder: Final = msgspec.json.Decoder(tuple[Entry, ...])


class AllowList:
    """The entries of a file; a file that is not there allows nobody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._by_key: dict[str, Entry] = {}

    def entries(self) -> tuple[Entry, ...]:
        """All entries, as the file is now."""
        self._refresh()
        return tuple(self._by_key.values())

    def of_key(self, key: str) -> Entry | None:
        """Whose key it is; None where it is not allowed (any more)."""
        self._refresh()
        return self._by_key.get(key)

    def allow(self, entry: Entry) -> None:
        """Add a key, or change what it may do. UsageError where it is no key, or another key has the name."""
        if not KEY.fullmatch(entry.key):
            raise UsageError(f'"{entry.key}" is no public key: those have 40 signs, as `slac keys list` shows them')
        if not NAME.fullmatch(entry.name):
            raise UsageError(f'"{entry.name}" cannot name a key: write node/instance, or the name of a person or tool')
        others = [e for e in self.entries() if e.name == entry.name and e.key != entry.key]
        if others:
            raise UsageError(f'"{entry.name}" has a key already ({others[0].key}): revoke it before another is allowed')
        self._write([*(e for e in self.entries() if e.key != entry.key), entry])

    def revoke(self, name_or_key: str) -> Entry | None:
        """Take a key off the list; None where it was not on it."""
        found = next((e for e in self.entries() if name_or_key in {e.name, e.key}), None)
        if found is not None:
            self._write(e for e in self.entries() if e != found)
        return found

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._seen, self._by_key = None, {}
            return
        except OSError as error:
            raise RunFailed(f"the allow-list {self.path} cannot be read: {error.strerror}") from error
        # A replaced file has another inode, whatever its time says.
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen == self._seen:
            return
        try:
            self._by_key = {e.key: e for e in _decoder.decode(self.path.read_bytes())}
        except (OSError, msgspec.DecodeError) as error:
            raise RunFailed(f"the allow-list {self.path} cannot be read: {error}") from error
        self._seen = seen

    def _write(self, entries: Iterable[Entry]) -> None:
        text = msgspec.json.format(msgspec.json.encode(sorted(entries, key=lambda e: e.name)), indent=2)
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "wb") as file:
                file.write(text + b"\n")
            fresh.replace(self.path)
        except OSError as error:
            raise UsageError(f"the allow-list {self.path} cannot be written: {error.strerror}") from error
