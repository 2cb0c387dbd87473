"""What a crash in the middle of a write leaves at the end of a file of records: half a line, which is cut off."""

import os
from pathlib import Path
from typing import BinaryIO, Final

_BLOCK: Final = 1 << 16


def mend(path: Path, beginning: bytes) -> None:
    """Let the file end with a line end, so that what is appended begins a line; OSError passes through.

    Half a line that begins like a record (with `beginning`) is cut off: its record is published again. Any other text
    is not ours to remove, and gets a line end. What is not a regular file is left alone.
    """
    if not path.is_file():
        return
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        whole = _whole(file, end)
        if whole == end:
            return
        file.seek(whole)
        rest = file.read(len(beginning))
        if rest == beginning[: len(rest)]:
            file.truncate(whole)
        else:
            file.seek(end)
            file.write(b"\n")


def _whole(file: BinaryIO, end: int) -> int:
    """Where the last line that has its end ends."""
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
