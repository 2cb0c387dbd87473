"""Arrow IPC messages to frames, once it is known that their rows are wanted."""

from __future__ import annotations

from typing import Final

import polars as pl
from polars.exceptions import PanicException, PolarsError

from slac.stream.arrow_body import ArrowBody
from slac.stream.arrow_stream import END

UNREADABLE: Final = "_unreadable"
"""A column with the reason why a row could not be read; NULL for others, and missing where all could."""
_FAULTS: Final = (PolarsError, PanicException, OSError, ValueError, OverflowError)
"""What Polars raises for bytes that are no Arrow; what it finds impossible is a panic, which is no `Exception`."""


def frame_of_body(body: ArrowBody) -> pl.DataFrame:
    """All rows, in order; never fails: those of a batch that cannot be read stand there with the reason."""
    try:
        frame = _read(body.schema, *body.batches)
    except _FAULTS as error:
        return _piecewise(body, _reason(error))
    return frame if frame.height == body.height else _piecewise(body, "it holds other rows than it claims")


def _read(*parts: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(b"".join((*parts, END))).rechunk()


def _piecewise(body: ArrowBody, why: str) -> pl.DataFrame:
    """Each batch alone, so that a bad one does not spoil its neighbours; with dictionaries none can stand alone."""
    if not body.joins:
        return _lost(body.height, why)
    return pl.concat([_one(body, i) for i in range(len(body.batches))], how="diagonal_relaxed")


def _one(body: ArrowBody, place: int) -> pl.DataFrame:
    rows = body.rows[place]
    try:
        frame = _read(body.schema, body.batches[place])
    except _FAULTS as error:
        return _lost(rows, _reason(error))
    return frame if frame.height == rows else _lost(rows, "it holds other rows than it claims")


def _lost(rows: int, why: str) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(UNREADABLE, [why], pl.String).new_from_index(0, rows)])


def _reason(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"no Arrow: {lines[0][:200] if lines else type(error).__name__}"
