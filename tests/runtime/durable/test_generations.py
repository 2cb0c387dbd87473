"""Checkpoints in pieces: whatever is written and wherever it stops, what was last told to be safe can be read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import polars as pl
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.diagnostics import RunFailed
from slac.runtime.checkpoint import GENERATIONS, Cut, StateDirectory
from slac.runtime.durable import pieces
from slac.runtime.durable.manifest import MAGIC, read_manifest
from slac.runtime.durable.pieces import cut
from slac.runtime.operator import State
from tests.runtime.durable.failing import FailingFiles

States = Mapping[str, State]

_values = st.dictionaries(st.sampled_from("abc"), st.one_of(st.integers(0, 99), st.text(max_size=5), st.none()))


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Keys, counts that differ with `turn` in some rows only, and text."""
    rows, turn = draw(st.sampled_from([0, 1, 7, 300])), draw(st.integers(0, 3))
    counts = [i * 7 + turn if i % 5 == 0 else i for i in range(rows)]
    moved = draw(st.integers(0, 2))
    texts = [None if i % 7 == 0 else f"key number {i + moved * (i > 250)} of all" for i in range(rows)]
    return pl.DataFrame({"k": texts, "n": counts}, schema={"k": pl.String, "n": pl.Int64})


@st.composite
def states(draw: st.DrawFn) -> States:
    """Some operators' states, with enough in them to become blobs."""
    names = draw(st.sets(st.sampled_from(["node:a", "node:b", "output:o"]), min_size=1))
    return {
        n: State(
            {**draw(_values), "raw": bytes([draw(st.integers(0, 2))]) * 5000},
            {f: draw(frames()) for f in draw(st.sets(st.sampled_from(["open", "held"])))},
        )
        for n in sorted(names)
    }


@contextmanager
def opened(folder: Path, files: FailingFiles | None = None) -> Iterator[StateDirectory]:
    """A state directory, taken and given back."""
    directory = StateDirectory(folder, files)
    directory.open()
    try:
        yield directory
    finally:
        directory.close()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of some hundred rows are cut."""
    monkeypatch.setattr(pieces, "RANGE", 64)


def made(number: int, states: States) -> Cut:
    """A cut of these states."""
    return Cut(digest="d", taken=number, number=number, states=cut(states))


def assert_same(found: States, expected: States) -> None:
    """Value by value and row by row, with their types."""
    assert found.keys() == expected.keys()
    for name, state in expected.items():
        assert found[name].values == state.values
        assert found[name].frames.keys() == state.frames.keys()
        for frame, rows in state.frames.items():
            assert_frame_equal(found[name].frames[frame], rows, check_exact=True)


@given(st.lists(st.tuples(states(), st.one_of(st.none(), st.integers(0, 30))), min_size=1, max_size=5))
@settings(max_examples=60)
def test_what_was_told_to_be_safe_is_read(history: list[tuple[States, int | None]]) -> None:
    """The disk fails at any step of any checkpoint, and sometimes the process is lost there."""
    with tempfile.TemporaryDirectory() as place:
        folder, files, safe = Path(place), FailingFiles(), 0
        with opened(folder, files) as directory:
            for number, (each, fails) in enumerate(history, 1):
                files.left = fails if fails is not None else 1 << 30
                try:
                    directory.write(made(number, each))
                    safe = number
                except RunFailed:
                    assert fails is not None
        with opened(folder) as again:
            restored = again.read("d")
        assert (restored is None) <= (safe == 0)
        if restored is not None:
            assert safe <= restored.number
            assert_same(restored.states, history[restored.number - 1][0])


@given(st.lists(states(), min_size=2, max_size=4), st.data())
@settings(max_examples=60)
def test_damage_gives_way_to_the_generation_before(history: list[States], data: st.DataObject) -> None:
    """Any file of the newest checkpoint that the one before does not need may be damaged or gone; and it goes on."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with opened(folder) as directory:
            for number, each in enumerate(history, 1):
                directory.write(made(number, each))
        newest, before = (read_manifest(folder / g) for g in GENERATIONS)
        assert newest is not None
        assert before is not None
        own = [folder / "blobs" / n for n in sorted(newest.names() - before.names())]
        victim = data.draw(st.sampled_from([folder / GENERATIONS[0], *own]))
        if data.draw(st.booleans()):
            whole = victim.read_bytes()
            victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        elif victim.parent.name == "blobs":
            victim.unlink()
        else:
            victim.write_bytes(b"")
        with opened(folder) as again:
            restored = again.read("d")
            assert restored is not None
            assert restored.number == len(history) - 1
            assert_same(restored.states, history[-2])
            again.write(made(len(history), history[-1]))
        with opened(folder) as third:
            repaired = third.read("d")
        assert repaired is not None
        assert_same(repaired.states, history[-1])


def keys(rows: int, changed: int) -> States:
    """A state of many keys of which the counts of the first `changed` are others."""
    counts = pl.int_range(rows, eager=True) + (pl.int_range(rows, eager=True) < changed).cast(pl.Int64)
    names = pl.select(pl.lit("user ") + pl.int_range(rows).cast(pl.String)).to_series()
    return {"node:w": State({}, {"panes": pl.DataFrame({"k": names, "n": counts})})}


def test_only_what_changed_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second checkpoint of a large state writes the piece with the changed counts, and no key."""
    monkeypatch.setattr(pieces, "RANGE", 4096)
    with opened(tmp_path) as directory:
        first = directory.write(made(1, keys(40_960, 0)))
        second = directory.write(made(2, keys(40_960, 10)))
        third = directory.write(made(3, keys(40_960, 10)))

    assert second < first / 5
    assert third < 8192


def test_what_no_generation_needs_is_removed(tmp_path: Path) -> None:
    """After three checkpoints there is nothing left of the first."""
    with opened(tmp_path) as directory:
        for number in range(1, 4):
            directory.write(made(number, {"node:a": State({"raw": bytes([number]) * 9000})}))
    used = [read_manifest(tmp_path / g) for g in GENERATIONS]
    names = set[str]().union(*(m.names() for m in used if m is not None))

    assert {p.name for p in (tmp_path / "blobs").iterdir()} == names
    assert len(names) == 2


def test_a_disk_that_has_room_again_is_used_again(tmp_path: Path) -> None:
    """What was half written is gone, and the next checkpoint is whole."""
    files = FailingFiles()
    with opened(tmp_path, files) as directory:
        directory.write(made(1, keys(300, 0)))
        files.left = 3
        with pytest.raises(RunFailed, match="No space left"):
            directory.write(made(2, keys(300, 200)))
        files.left = 1 << 30
        directory.write(made(2, keys(300, 250)))
        restored = directory.read("d")

    assert restored is not None
    assert_same(restored.states, keys(300, 250))


def test_nobody_else_may_read(tmp_path: Path) -> None:
    """Files of a checkpoint are for their owner only."""
    with opened(tmp_path / "state") as directory:
        directory.write(made(1, keys(300, 0)))

    files = [p for p in (tmp_path / "state").rglob("*") if p.is_file() and p.name != "lock"]
    assert files
    assert {p.stat().st_mode & 0o777 for p in files} == {0o600}


@pytest.mark.parametrize(("number", "age"), [(1, "an older"), (3, "a newer")])
def test_another_format_is_refused_by_its_number(tmp_path: Path, number: int, age: str) -> None:
    """It is not taken for damage."""
    body = msgspec.msgpack.encode({"format": number, "digest": "d", "states": {}})
    (tmp_path / "checkpoint").write_bytes(MAGIC + xxhash.xxh3_64_digest(body) + body)

    with opened(tmp_path) as directory, pytest.raises(RunFailed, match=rf"{age} version of slac \(format {number};"):
        directory.read("d")
