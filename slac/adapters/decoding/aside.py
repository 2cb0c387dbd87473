"""Rows that were decoded but do not comply after all, moved to the quarantined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from slac.adapters.decoding.lines import find_lines
from slac.adapters.decoding.result import ROW, Decoded, Quarantined
from slac.stream.ports import Records


def set_aside(decoded: Decoded, records: Records, fine: pl.Series, reason: Callable[[dict[str, Any]], str]) -> Decoded:
    """`decoded` without the rows that are not `fine`; `reason` is given the whole row, and says what is wrong."""
    if bool(fine.all()):
        return decoded
    bad = decoded.frame.filter(~fine)
    raw = _raw(records, bad[ROW].to_list())
    found = [
        Quarantined(index=row[ROW], reason=reason(row), raw=text)
        for row, text in zip(bad.iter_rows(named=True), raw, strict=True)
    ]
    quarantined = tuple(sorted((*decoded.quarantined, *found), key=lambda q: q.index))
    return replace(decoded, frame=decoded.frame.filter(fine), quarantined=quarantined)


def _raw(records: Records, rows: list[int]) -> list[bytes]:
    if records.frame is not None:
        return [orjson.dumps(records.frame.row(i, named=True), default=str) for i in rows]
    lines = find_lines(records.ndjson or b"")
    return [lines[i] for i in rows]
