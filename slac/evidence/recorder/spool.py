"""What is held to be evidence some day, on disk beside the log: a start from a checkpoint has it again.

One file a checkpoint, `held/<number>`, with what was handed over since the one before. A crash loses what came behind
the last: the runtime reads that again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from slac.evidence.log.entries import Entry, EntryKind
from slac.evidence.log.layout import UNFINISHED

FOLDER: Final = "held"
MOST: Final = 16 << 20
"""Bytes, as the collector counts them, that are written for one checkpoint: where more has come, the latest of it."""

FILES: Final = 32
"""There are no more files than that."""


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what is held: `entries` in order, rows by node as a log has them, edges by node; `size` as counted."""

    size: int
    entries: list[Entry]
    rows: Mapping[str, pl.DataFrame]
    edges: Mapping[str, pl.DataFrame]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    meaning: str
    size: int
    entries: list[tuple[int, str, str, int, bool, str]]
    rows: dict[str, bytes]
    edges: dict[str, bytes]


class Spool:
    """The files in `place`/held of a runtime whose plan has this `meaning`; together they hold `limit` bytes."""

    def __init__(self, place: Path, meaning: str, *, limit: int) -> None:
        self._folder = place / FOLDER
        self._meaning = meaning
        self._limit = limit
        self._sizes: dict[int, int] = {}

    def begin(self, number: int) -> Iterator[Spooled]:
        """What was held at checkpoint `number`, the oldest first; what is of no use is removed. 0: nothing is."""
        for path in self._files():
            found = _read(path) if int(path.name) <= number else None
            if found is None or found.meaning != self._meaning:
                path.unlink(missing_ok=True)
                continue
            self._sizes[int(path.name)] = found.size
            yield Spooled(
                size=found.size,
                entries=[Entry(s, EntryKind(k), *rest) for s, k, *rest in found.entries],  # type: ignore[arg-type]
                rows={node: _frame(data) for node, data in found.rows.items()},
                edges={node: _frame(data) for node, data in found.edges.items()},
            )

    def keep(self, number: int, spooled: Spooled) -> None:
        """Write it; the oldest files make room. OSError where the disk refuses."""
        made = _File(
            meaning=self._meaning,
            size=spooled.size,
            entries=[(e.seq, str(e.kind), e.node, e.value, e.late, e.detail) for e in spooled.entries],
            rows={node: _bytes(frame) for node, frame in spooled.rows.items()},
            edges={node: _bytes(frame) for node, frame in spooled.edges.items()},
        )
        self._write(number, made)
        if len(self._sizes) > FILES:
            self._merge(sorted(self._sizes)[: FILES // 2])
        while sum(self._sizes.values()) > self._limit and len(self._sizes) > 1:
            oldest = min(self._sizes)
            del self._sizes[oldest]
            (self._folder / f"{oldest:08d}").unlink(missing_ok=True)

    def _merge(self, numbers: list[int]) -> None:
        """Few files of many small ones, under the number of the last."""
        found = [f for n in numbers if (f := _read(self._folder / f"{n:08d}")) is not None]
        for number in numbers:
            del self._sizes[number]
        if found:
            self._write(numbers[-1], _together(found))
        for number in numbers[:-1] if found else numbers:
            (self._folder / f"{number:08d}").unlink(missing_ok=True)

    def _write(self, number: int, made: _File) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / f"{number:08d}"
        unfinished = path.with_suffix(UNFINISHED)
        unfinished.write_bytes(msgspec.msgpack.encode(made))
        unfinished.replace(path)
        self._sizes[number] = made.size

    def _files(self) -> list[Path]:
        return sorted(p for p in self._folder.glob("*") if p.name.isdecimal())


def _read(path: Path) -> _File | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return None


def _together(files: list[_File]) -> _File:
    def joined(of: list[dict[str, bytes]]) -> dict[str, bytes]:
        nodes = dict.fromkeys(node for one in of for node in one)
        return {n: _bytes(pl.concat([_frame(o[n]) for o in of if n in o], how="diagonal_relaxed")) for n in nodes}

    return _File(
        meaning=files[-1].meaning,
        size=sum(f.size for f in files),
        entries=[e for f in files for e in f.entries],
        rows=joined([f.rows for f in files]),
        edges=joined([f.edges for f in files]),
    )


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def _frame(data: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(data))
