"""A lock on a file: of all processes that want it one has it, until it lets go or dies."""

from __future__ import annotations

import fcntl
import io
from pathlib import Path


class FileLock:
    """The lock of `path`, whose folder is there; nothing is ever written into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: io.TextIOWrapper | None = None

    @property
    def is_held(self) -> bool:
        """Whether this process has it."""
        return self._file is not None

    def take(self) -> bool:
        """Have it, or say that another process does; OSError where the file cannot be made."""
        file = self.path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let go; nothing where it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None
