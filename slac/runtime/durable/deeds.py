"""Deeds of inputs on disk: a file of lines for all that was done behind one checkpoint, named by its number."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from slac.runtime.durable.files import append_lines, with_aside
from slac.runtime.repeating import Deed

_END = ".ndjson"


class DeedFiles:
    """The files in `directory`, which need not exist. Every method may raise OSError."""

    def __init__(self, directory: Path) -> None:
        self.number = 0
        self._directory = directory

    def read(self, number: int) -> list[Deed]:
        """What was done behind checkpoint `number`, in order; what comes from now on stands behind all of it."""
        numbers = sorted(self._numbers())
        found = [deed for n in numbers if n >= number for deed in self._deeds(n)]
        self.number = max([number, *numbers])
        return found

    def append(self, deeds: Iterable[Deed], *, sync: bool) -> None:
        """Add to the last file; with `sync` all that it holds is on the disk when this returns."""
        append_lines(self._path(self.number), map(msgspec.json.encode, deeds), sync=sync)

    def forget(self, number: int) -> None:
        """Remove what was done before checkpoint `number`."""
        for each in self._numbers():
            if each < number:
                for path in with_aside(self._path(each)):
                    path.unlink(missing_ok=True)

    def _numbers(self) -> set[int]:
        names = (p.name.partition(".")[0] for p in self._directory.glob(f"*{_END}*"))
        return {int(n) for n in names if n.isdecimal()}

    def _path(self, number: int) -> Path:
        return self._directory / f"{number}{_END}"

    def _deeds(self, number: int) -> Iterator[Deed]:
        for path in with_aside(self._path(number)):
            for line in path.read_bytes().splitlines() if path.exists() else ():
                # A line that was torn by a crash had caused nothing yet.
                with contextlib.suppress(msgspec.DecodeError, msgspec.ValidationError):
                    yield msgspec.json.decode(line, type=Deed)
