"""Reading a table at the start, and again while it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from slac.adapters import tables
from slac.adapters.tables.input import TableInput
from slac.diagnostics import RunFailed
from slac.stream.ports import InputContext, Position, Records


class Sink:
    """Keeps what it is given, and says when."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[Records] = asyncio.Queue()

    async def push(self, records: Records) -> bool:
        """Take it."""
        await self.taken.put(records)
        return True

    async def lull(self) -> bool:
        """There is nothing to wait for."""
        return False

    def beyond(self, size: int) -> None:
        """Nothing is bounded here."""

    def resume(self, source: str) -> Position | None:
        """Nothing was read before."""
        del source
        return None


def made(directory: Path, *, once: bool = False, **settings: object) -> TableInput:
    """The input of a table in a folder."""
    context = InputContext(
        block="limits", instance="x", now=lambda: 7, once=once, directory=str(directory), fields={"k": "string"}
    )
    return tables.build(settings, context)


def test_a_run_does_not_start_without_it(tmp_path: Path) -> None:
    """The message names the table and the reason."""
    with pytest.raises(RunFailed, match=r'The table "limits" is needed to start: limits.csv cannot be read'):
        asyncio.run(made(tmp_path, path="limits.csv").run(Sink()))


def test_it_is_read_once_unless_the_document_says_otherwise(tmp_path: Path) -> None:
    """Without `reload`, and in a run with an end."""
    (tmp_path / "limits.csv").write_text("k\na\n", encoding="utf-8")
    for reading in (made(tmp_path, path="limits.csv"), made(tmp_path, path="limits.csv", reload="1ms", once=True)):
        sink = Sink()
        asyncio.run(reading.run(sink))

        records = sink.taken.get_nowait()
        assert records.frame is not None
        assert (records.arrival, records.frame.rows(), records.fault) == (7, [("a",)], "")
        assert sink.taken.empty()


def test_it_is_read_again_and_a_failure_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A version that cannot be read leaves the old one; the log says it once, and when it is over."""
    path = tmp_path / "limits.csv"
    path.write_text("k\na\n", encoding="utf-8")

    def write(text: str) -> None:
        (tmp_path / "next").write_text(text, encoding="utf-8")
        (tmp_path / "next").replace(path)

    async def play() -> None:
        sink = Sink()
        running = asyncio.create_task(made(tmp_path, path="limits.csv", reload="1ms").run(sink))
        await sink.taken.get()
        write("other\nb\n")
        for _ in range(2):
            failed = await sink.taken.get()
            assert failed.fault == 'there is no column "k" (there are: other); the version of before stays'
        write("k\nc\n")
        while (records := await sink.taken.get()).fault:
            pass
        assert records.frame is not None
        assert records.frame.rows() == [("c",)]
        running.cancel()

    with caplog.at_level("INFO", "slac.tables"):
        asyncio.run(asyncio.wait_for(play(), 10))
    assert [r.message for r in caplog.records] == [
        'table "limits": there is no column "k" (there are: other); the version of before stays',
        'table "limits" can be read again',
    ]


def test_the_outside_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`slac check --environment` says what a start would say."""
    monkeypatch.chdir(tmp_path)
    (missing,) = tables.probe_environment({"path": "limits.csv"})
    assert (missing.code, missing.setting, missing.sentence) == (
        "environment/missing",
        "path",
        "there is no file limits.csv",
    )
    (unknown,) = tables.probe_environment({"url": "sqlite:///no.db", "table": "limits"})
    assert (unknown.setting, unknown.sentence) == (
        "url",
        "sqlite:///no.db cannot be read: unable to open database file",
    )
    (tmp_path / "limits.csv").write_text("k\na\n", encoding="utf-8")
    assert tables.probe_environment({"path": "limits.csv"}) == []
