"""Input `file`: NDJSON or Arrow IPC files, read once or followed as they grow and rotate."""

import asyncio
import glob
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from slac.adapters.environment import Problem, at, readable
from slac.adapters.files.arrow import ArrowFile
from slac.adapters.files.block import Block
from slac.adapters.files.growing import GrowingFile
from slac.adapters.settings import as_list, length_of_time, one_or_more, resolve, schema, seconds, text
from slac.diagnostics import RunFailed, UsageError
from slac.stream.ports import InputContext, InputSink, Records

SCHEMA: Final = schema(
    {
        "path": one_or_more("A file, a pattern such as logs/*.ndjson, or a list of them; relative to where slac runs."),
        "format": text(
            "How the files are written; by default their ending tells: .arrow, .arrows, .ipc and .feather are Arrow.",
            enum=["ndjson", "arrow"],
        ),
        "mode": text(
            "once ends at the end of the files; tail waits for more, for new files, and follows rotation.",
            enum=["once", "tail"],
            default="tail",
        ),
        "poll": length_of_time("How often tail looks for more.", "200ms"),
    },
    required=("path",),
)
CAN_WAIT: Final = True

_ARROW_ENDINGS: Final = frozenset({".arrow", ".arrows", ".ipc", ".feather"})


def build(settings: Mapping[str, Any], context: InputContext) -> "FileInput":
    """The input for checked settings."""
    return FileInput(
        block=context.block,
        patterns=as_list(settings["path"]),
        directory=context.directory,
        file_format=settings.get("format"),
        once=context.once or settings.get("mode", "tail") == "once",
        poll=seconds(settings, "poll", "200ms"),
        now=context.now,
    )


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the files are there; tail waits for them, so then it is no fault."""
    plain = [path for path in as_list(settings["path"]) if not glob.has_magic(path)]
    waits = settings.get("mode", "tail") == "tail"
    return at("path", [problem for path in plain for problem in readable(path)], may_pass=waits)


class FileInput:
    """Reads files in the order of their names, each in its own order."""

    can_wait = True

    def __init__(
        self,
        *,
        block: str,
        patterns: list[str],
        directory: str,
        file_format: str | None,
        once: bool,
        poll: float,
        now: Callable[[], int],
    ) -> None:
        self._block = block
        self._patterns = patterns
        self._directory = directory
        self._format = file_format
        self._once = once
        self._poll = poll
        self._now = now

    async def run(self, sink: InputSink) -> None:
        """Push blocks of up to 65 536 records or 4 MiB. UsageError where a file to be read once is missing."""
        files: dict[str, GrowingFile | ArrowFile] = {}
        try:
            if self._once:
                await self._read_once(sink, files)
            else:
                await self._follow(sink, files)
        except OSError as error:
            raise RunFailed(f"{error.filename or 'an input file'} cannot be read: {error.strerror}.") from error
        finally:
            for file in files.values():
                file.close()

    async def _read_once(self, sink: InputSink, files: dict[str, GrowingFile | ArrowFile]) -> None:
        for source in self._sources(must_exist=True):
            files[source] = file = self._file(source, sink)
            while (block := await asyncio.to_thread(file.read, final=True)) is not None:
                await self._push(sink, source, block)
            file.close()

    async def _follow(self, sink: InputSink, files: dict[str, GrowingFile | ArrowFile]) -> None:
        while True:
            busy = False
            for source in self._sources(must_exist=False):
                if source not in files:
                    files[source] = self._file(source, sink)
                busy |= await self._read_some(sink, source, files[source])
            if not busy:
                await asyncio.sleep(self._poll)

    async def _read_some(self, sink: InputSink, source: str, file: GrowingFile | ArrowFile) -> bool:
        try:
            block = file.read()
        except FileNotFoundError:
            return False
        if block is None:
            return False
        await self._push(sink, source, block)
        return True

    async def _push(self, sink: InputSink, source: str, block: Block) -> None:
        records = Records(
            source=source,
            arrival=self._now(),
            ndjson=block.ndjson,
            frame=block.frame,
            origin=source,
            position=dict(block.position),
        )
        # A file can wait: what is refused is offered again.
        while not await sink.push(records):  # noqa: ASYNC110 - the sink has no event to wait for
            await asyncio.sleep(self._poll)

    def _sources(self, *, must_exist: bool) -> list[str]:
        """The files that are there, as named by the settings, in order of name; plain paths even when they are not."""
        found: set[str] = set()
        for pattern in self._patterns:
            matches = [pattern] if not glob.has_magic(pattern) else self._matches(pattern)
            if must_exist and not all(resolve(self._directory, m).is_file() for m in matches or [pattern]):
                what = "no file matches" if glob.has_magic(pattern) else "there is no file"
                raise UsageError(f'input "{self._block}": {what} {pattern} (looked in {self._directory}).')
            found.update(matches)
        return sorted(found)

    def _matches(self, pattern: str) -> list[str]:
        # Path.glob refuses absolute patterns.
        matches = glob.glob(pattern, root_dir=self._directory, recursive=True)  # noqa: PTH207
        return [m for m in matches if resolve(self._directory, m).is_file()]

    def _file(self, source: str, sink: InputSink) -> GrowingFile | ArrowFile:
        path = resolve(self._directory, source)
        arrow = self._format == "arrow" or (self._format is None and Path(source).suffix in _ARROW_ENDINGS)
        return (ArrowFile if arrow else GrowingFile)(path, sink.resume(source))
