"""Lines that are added to files: all or none, for their owner, and bounded."""

import stat
from pathlib import Path

import pytest

from slac.runtime.durable import files
from slac.runtime.durable.files import append_lines


def test_lines_are_added_for_their_owner(tmp_path: Path) -> None:
    """Folders are made."""
    path = tmp_path / "a" / "gate.ndjson"
    append_lines(path, [b"1", b"2"])
    append_lines(path, [b"3"])
    assert path.read_bytes() == b"1\n2\n3\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_large_file_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; the one before it goes."""
    monkeypatch.setattr(files, "SEGMENT", 3)
    path = tmp_path / "gate.ndjson"
    for number in range(6):
        append_lines(path, [b"%d" % number])
    assert path.read_bytes() == b"4\n5\n"
    assert (tmp_path / "gate.ndjson.1").read_bytes() == b"2\n3\n"
