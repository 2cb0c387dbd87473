"""Reads a table at the start and, with `reload`, again and again; each push is a whole version of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import polars as pl

from slac.adapters.tables.reader import TableReader, Unreadable
from slac.diagnostics import RunFailed
from slac.stream.ports import InputSink, Records

log: Final = logging.getLogger("slac.tables")


class TableInput:
    """An input of whole versions.

    A run does not start without the first; of a later one that cannot be read the one before stays.
    """

    can_wait = True

    def __init__(
        self, *, name: str, reader: TableReader, max_rows: int, reload: float | None, now: Callable[[], int]
    ) -> None:
        self._name = name
        self._reader = reader
        self._max_rows = max_rows
        self._reload = reload
        self._now = now
        self._failing = ""

    async def run(self, sink: InputSink) -> None:
        """Push the table as it is, and its later versions; RunFailed where it cannot be read at the start."""
        try:
            frame = await self._read()
        except Unreadable as error:
            raise RunFailed(f'The table "{self._name}" is needed to start: {error}.') from error
        await self._push(sink, frame)
        while self._reload is not None:
            await asyncio.sleep(self._reload)
            await self._again(sink)

    async def _again(self, sink: InputSink) -> None:
        try:
            frame = await self._read()
        except Unreadable as error:
            if str(error) != self._failing:
                self._failing = str(error)
                log.warning('table "%s": %s; the version of before stays', self._name, error)
            await self._push(sink, None, fault=f"{error}; the version of before stays")
            return
        if self._failing:
            self._failing = ""
            log.info('table "%s" can be read again', self._name)
        await self._push(sink, frame)

    async def _read(self) -> pl.DataFrame | None:
        return await asyncio.to_thread(self._reader.read, self._max_rows)

    async def _push(self, sink: InputSink, frame: pl.DataFrame | None, *, fault: str = "") -> None:
        if frame is None and not fault:
            return
        version = frame if frame is not None else pl.DataFrame()
        await sink.push(Records(source=self._name, arrival=self._now(), frame=version, origin=self._name, fault=fault))
