"""A growing file under everything that its writer may do to it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.adapters.decoding import split_lines
from slac.adapters.files.growing import GrowingFile

ACTIONS = st.lists(st.sampled_from(["whole", "half", "rotate", "read", "restart"]), max_size=40)


@given(ACTIONS)
def test_every_record_comes_once_and_in_order(actions: list[str]) -> None:
    """Appends of whole and half lines, rotations, reads and restarts from the last position, in any order.

    Between two rotations there is a read: what was rotated away twice is not looked for.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, written, got = Path(folder) / "log", 0, []
        path.touch()
        half, position = False, None
        file = GrowingFile(path)

        def read() -> None:
            nonlocal position
            while (block := file.read()) is not None:
                got.extend(split_lines(block.ndjson or b""))
                position = block.position

        for action in [*actions, "whole", "read"]:
            match action:
                case "whole" | "half":
                    with path.open("ab") as out:
                        out.write(b"" if half else b'{"n":%d' % written)
                        half = action == "half"
                        if not half:
                            out.write(b"}\n")
                            written += 1
                case "rotate" if not half and path.stat().st_size:
                    read()
                    path.rename(f"{path}.{written}")
                    path.touch()
                case "read":
                    read()
                case "restart":
                    file.close()
                    file = GrowingFile(path, position)
        file.close()
        assert got == [b'{"n":%d}' % n for n in range(written)]


def test_another_file_under_the_same_inode_is_read_anew(tmp_path: Path) -> None:
    """Inode numbers are used again: the beginning of the file decides."""
    path = tmp_path / "log"
    path.write_bytes(b'{"a":1}\n')
    file = GrowingFile(path)
    block = file.read()
    assert block is not None
    file.close()
    path.write_bytes(b'{"b":1}\n{"b":2}\n')
    assert path.stat().st_ino == block.position["inode"]
    again = GrowingFile(path, block.position)
    later = again.read()
    assert later is not None
    assert later.ndjson == b'{"b":1}\n{"b":2}\n'
    assert later.position["record"] == 3
    again.close()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The caller decides what that means."""
    with pytest.raises(FileNotFoundError):
        GrowingFile(tmp_path / "none").read()


def test_a_line_without_end_is_bounded(tmp_path: Path) -> None:
    """Beyond 16 MiB it is cut, and handed over to be set aside."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * (24 * 2**20))
    file = GrowingFile(path)
    block = file.read()
    assert block is not None
    assert 16 * 2**20 < len(block.ndjson or b"") <= 21 * 2**20
    file.close()
