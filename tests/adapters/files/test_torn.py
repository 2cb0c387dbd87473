"""Files that a crash left with half a line at their end."""

from pathlib import Path

import pytest

from slac.adapters.files.torn import mend

BEGINNING = b'{"document":'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b'{"document":1}\n', b'{"document":1}\n'),
        (b'{"document":1}\n{"document":2,', b'{"document":1}\n'),
        (b'{"document":1}\n{"doc', b'{"document":1}\n'),
        (b'{"document":1', b""),
        (b"x" * 200_000 + b"\n" + b'{"document":' + b"y" * 200_000, b"x" * 200_000 + b"\n"),
        (b"somebody's notes", b"somebody's notes\n"),
        (b'{"other": 1}', b'{"other": 1}\n'),
    ],
)
def test_half_a_record_goes_and_other_text_stays(tmp_path: Path, before: bytes, after: bytes) -> None:
    """What is appended begins a line; only what was a record of ours is cut off."""
    path = tmp_path / "file"
    path.write_bytes(before)

    mend(path, BEGINNING)
    assert path.read_bytes() == after


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """There is nothing to mend."""
    mend(tmp_path / "none", BEGINNING)

    assert not (tmp_path / "none").exists()
