"""A lock that one holder has at a time."""

from pathlib import Path

import pytest

from slac.runtime.durable.lock import FileLock


def test_one_has_it_until_it_lets_go(tmp_path: Path) -> None:
    """The second is told no, and gets it afterwards; letting go twice does no harm."""
    first, second = (FileLock(tmp_path / "lock") for _ in range(2))
    assert (first.take(), second.take()) == (True, False)
    assert (first.is_held, second.is_held) == (True, False)
    first.release()
    first.release()
    assert second.take()
    second.release()


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    """The reason is the system's."""
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "none" / "lock").take()
