"""The file input: once and tail, rotation, truncation, resuming, Arrow."""

import asyncio
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from slac.adapters.inputs import file
from slac.diagnostics import RunFailed, UsageError
from slac.stream.ports import InputContext
from tests.adapters.inputs.sinks import RememberingSink, Running


def build(folder: Path, *, once: bool = False, **settings: Any) -> file.FileInput:
    """The adapter with a fast poll."""
    context = InputContext(block="in", instance="i", now=lambda: 5, once=once, directory=str(folder))
    return file.build({"poll": "5ms", **settings}, context)


def read_once(folder: Path, positions: Any = None, **settings: Any) -> RememberingSink:
    """Run to the end."""

    async def run() -> RememberingSink:
        sink = RememberingSink(positions)
        await build(folder, once=True, **settings).run(sink)
        return sink

    return asyncio.run(run())


def append(path: Path, content: bytes) -> None:
    """Write at the end."""
    with path.open("ab") as out:
        out.write(content)


def test_once_reads_all_files_in_order_of_name(tmp_path: Path) -> None:
    """A pattern gives sources by name; the last line needs no line end."""
    (tmp_path / "b.ndjson").write_bytes(b'{"b":1}')
    (tmp_path / "a.ndjson").write_bytes(b'{"a":1}\n{"a":2}\n')
    sink = read_once(tmp_path, path="*.ndjson")
    assert [(r.source, r.ndjson, r.origin, r.arrival) for r in sink.pushed] == [
        ("a.ndjson", b'{"a":1}\n{"a":2}\n', "a.ndjson", 5),
        ("b.ndjson", b'{"b":1}', "b.ndjson", 5),
    ]


def test_blocks_are_bounded_and_positions_resume(tmp_path: Path) -> None:
    """At most 65 536 records a block; from any position the rest follows, and nothing twice."""
    path = tmp_path / "big.ndjson"
    path.write_bytes(b"".join(b'{"i":%d}\n' % i for i in range(150_000)))
    whole = read_once(tmp_path, path="big.ndjson")
    assert [r.position["record"] for r in whole.pushed if r.position] == [65_536, 131_072, 150_000]
    for k, pushed in enumerate(whole.pushed):
        rest = read_once(tmp_path, {"big.ndjson": pushed.position}, path="big.ndjson")
        assert b"".join(r.ndjson or b"" for r in rest.pushed) == b"".join(
            r.ndjson or b"" for r in whole.pushed[k + 1 :]
        )


def test_blank_stretches_do_not_end_a_file(tmp_path: Path) -> None:
    """More white space than a block holds, then a record."""
    (tmp_path / "x.ndjson").write_bytes(b"\n" * (5 * 2**20) + b"{}\n")
    assert read_once(tmp_path, path="x.ndjson").lines == [b"{}"]


def test_missing_files_are_an_error_only_when_read_once(tmp_path: Path) -> None:
    """A whole sentence with the name and where it was looked for."""
    for path in ("none.ndjson", "none/*.ndjson"):
        with pytest.raises(UsageError, match=r'input ".+".*none.*looked in'):
            read_once(tmp_path, path=path)


def test_tail_waits_for_the_file_and_for_whole_lines(tmp_path: Path) -> None:
    """A half-written line is held back until its end is there."""

    async def run() -> None:
        path = tmp_path / "log.ndjson"
        async with Running(build(tmp_path, path="log.ndjson"), RememberingSink()) as sink:
            append(path, b'{"n":1}\n{"n":')
            await sink.until(lambda s: s.lines)
            assert sink.lines == [b'{"n":1}']
            append(path, b"2}\n")
            await sink.until(lambda s: len(s.lines) == 2)
            assert sink.lines[1] == b'{"n":2}'

    asyncio.run(run())


def test_tail_follows_rotation_and_truncation(tmp_path: Path) -> None:
    """The rotated file is read to its end, then the new one from its beginning; the count of records goes on."""

    async def run() -> None:
        path = tmp_path / "log.ndjson"
        append(path, b'{"n":1}\n')
        async with Running(build(tmp_path, path="log.ndjson"), RememberingSink()) as sink:
            await sink.until(lambda s: len(s.lines) == 1)
            rotated = path.rename(tmp_path / "log.ndjson.1")
            append(rotated, b'{"n":2}\n{"n":3}')
            append(path, b'{"n":4}\n{"n":5}\n{"n":6}\n')
            await sink.until(lambda s: len(s.lines) == 6)
            path.write_bytes(b'{"n":7}\n')
            await sink.until(lambda s: len(s.lines) == 7)
            assert sink.lines == [b'{"n":%d}' % n for n in range(1, 8)]
            assert sink.last_positions["log.ndjson"]["record"] == 7

    asyncio.run(run())


def test_resuming_finds_a_file_that_was_rotated_meanwhile(tmp_path: Path) -> None:
    """What was written between the stop and the rotation is not lost."""

    async def run() -> None:
        path = tmp_path / "log.ndjson"
        append(path, b'{"n":1}\n')
        async with Running(build(tmp_path, path="log.ndjson"), RememberingSink()) as sink:
            await sink.until(lambda s: s.lines)
        append(path, b'{"n":2}\n')
        path.rename(tmp_path / "log.ndjson.1")
        append(path, b'{"n":3}\n')
        later = RememberingSink(sink.last_positions)
        async with Running(build(tmp_path, path="log.ndjson"), later):
            await later.until(lambda s: len(s.lines) == 2)
        assert later.lines == [b'{"n":2}', b'{"n":3}']

    asyncio.run(run())


def test_new_files_of_a_pattern_join(tmp_path: Path) -> None:
    """Tail looks for new files at every poll."""

    async def run() -> None:
        async with Running(build(tmp_path, path="*.ndjson"), RememberingSink()) as sink:
            append(tmp_path / "a.ndjson", b"{}\n")
            await sink.until(lambda s: len(s.pushed) == 1)
            append(tmp_path / "b.ndjson", b"{}\n")
            await sink.until(lambda s: len(s.pushed) == 2)
            assert [r.source for r in sink.pushed] == ["a.ndjson", "b.ndjson"]

    asyncio.run(run())


@pytest.mark.parametrize("name", ["x.arrow", "x.arrows"])
def test_arrow_comes_in_slices(tmp_path: Path, name: str) -> None:
    """File and stream format, in slices that can be resumed."""
    frame = pl.DataFrame({"n": range(100_000)})
    (frame.write_ipc_stream if name.endswith("s") else frame.write_ipc)(tmp_path / name)
    sink = read_once(tmp_path, path=name)
    assert [r.frame.height for r in sink.pushed if r.frame is not None] == [65_536, 34_464]
    rest = read_once(tmp_path, {name: sink.pushed[0].position}, path=name)
    assert rest.pushed[0].frame is not None
    assert rest.pushed[0].frame["n"][0] == 65_536


def test_what_is_no_arrow_fails_with_a_sentence(tmp_path: Path) -> None:
    """No traceback of a library."""
    (tmp_path / "x.arrow").write_bytes(b"nonsense")
    with pytest.raises(RunFailed, match="cannot be read as Arrow IPC"):
        read_once(tmp_path, path="x.arrow")


def test_tail_waits_for_an_arrow_file_to_be_finished(tmp_path: Path) -> None:
    """A file without its closing magic word is still being written."""

    async def run() -> None:
        pl.DataFrame({"n": [1, 2]}).write_ipc(tmp_path / "done")
        content = (tmp_path / "done").read_bytes()
        async with Running(build(tmp_path, path="x.arrow"), RememberingSink()) as sink:
            (tmp_path / "x.arrow").write_bytes(content[:-10])
            await asyncio.sleep(0.02)
            assert not sink.pushed
            append(tmp_path / "x.arrow", content[-10:])
            await sink.until(lambda s: s.pushed)
            await asyncio.sleep(0.02)
            assert len(sink.pushed) == 1

    asyncio.run(run())
