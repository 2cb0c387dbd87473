"""Checkpoints: whole or not at all, and owned by one runtime."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from slac.diagnostics import RunFailed
from slac.runtime.checkpoint import Cut, StateDirectory
from slac.runtime.durable.pieces import cut
from slac.runtime.operator import State


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[StateDirectory]:
    """An opened state directory."""
    opened = StateDirectory(tmp_path / "state")
    opened.open()
    yield opened
    opened.close()


def checkpoint(number: int, digest: str = "d") -> Cut:
    """A cut with one state."""
    states = {"node:a": State({"n": number, "raw": b"\x00\xff"}, {"rows": pl.DataFrame({"x": [number]})})}
    return Cut(digest=digest, taken=0, number=number, states=cut(states))


def test_what_is_written_is_read(directory: StateDirectory) -> None:
    """Values, bytes and frames come back."""
    directory.write(checkpoint(1))
    directory.write(checkpoint(2))

    read = directory.read("d")

    assert read is not None
    assert read.number == 2
    state = read.states["node:a"]
    assert state.values == {"n": 2, "raw": b"\x00\xff"}
    assert state.frames["rows"].equals(pl.DataFrame({"x": [2]}))


@pytest.mark.parametrize("damage", [b"", b"slac-checkpoint\nshort", None])
def test_a_torn_checkpoint_gives_way_to_the_one_before(directory: StateDirectory, damage: bytes | None) -> None:
    """Every kind of damage is noticed."""
    directory.write(checkpoint(1))
    directory.write(checkpoint(2))
    newest = directory.directory / "checkpoint"
    whole = newest.read_bytes()
    newest.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)

    read = directory.read("d")

    assert read is not None
    assert read.number == 1


def test_damage_all_over_is_not_taken_for_a_fresh_directory(directory: StateDirectory) -> None:
    """To begin anew is for the user to say."""
    directory.write(checkpoint(1))
    (directory.directory / "checkpoint").write_bytes(b"")

    with pytest.raises(RunFailed, match="can be read: they are damaged"):
        directory.read("d")


def test_nothing_written_is_nothing_to_go_on_from(directory: StateDirectory) -> None:
    """A fresh directory begins anew."""
    assert directory.read("d") is None


def test_state_of_another_document_is_refused(directory: StateDirectory) -> None:
    """State is never read into a plan that it does not belong to."""
    directory.write(checkpoint(1, digest="other"))

    with pytest.raises(RunFailed, match="another version of this document"):
        directory.read("d")


def test_a_second_runtime_is_kept_out(tmp_path: Path) -> None:
    """One instance, one owner; after it has let go, the next may come."""
    first, second = StateDirectory(tmp_path), StateDirectory(tmp_path)
    first.open()

    with pytest.raises(RunFailed, match="--instance"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_directory_that_cannot_be_made_is_a_plain_sentence(tmp_path: Path) -> None:
    """No traceback for a path below a file."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(RunFailed, match="cannot be used"):
        StateDirectory(tmp_path / "file" / "state").open()
