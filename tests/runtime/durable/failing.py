"""A disk that stops working at some moment, with what it was doing half done."""

from __future__ import annotations

from pathlib import Path

from slac.runtime.durable.files import Files


class Broken(OSError):
    """The disk has failed."""


class FailingFiles(Files):
    """Does `left` more things, then fails: what is written then is torn, and everything after fails as well."""

    def __init__(self) -> None:
        self.left = 1 << 30

    def write(self, path: Path, data: bytes) -> None:
        """Whole, or the first half of it."""
        if self._is_over():
            if self.left == -1:
                super().write(path, data[: len(data) // 2])
            raise Broken(28, "No space left on device")
        super().write(path, data)

    def replace(self, source: Path, target: Path) -> None:
        """Renamed or not."""
        self._fail()
        super().replace(source, target)

    def remove(self, path: Path) -> None:
        """Removed or not."""
        self._fail()
        super().remove(path)

    def sync(self, directory: Path) -> None:
        """Durable or not."""
        self._fail()
        super().sync(directory)

    def _is_over(self) -> bool:
        self.left -= 1
        return self.left < 0

    def _fail(self) -> None:
        if self._is_over():
            raise Broken(28, "No space left on device")
