"""What a feed step brings in, in the order of its times: records of inputs, frames of other blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from slac.adapters.decoding import WireSchema
from slac.language.tests import GAP, FeedStep, RowDecl, SeriesDecl
from slac.plan.nodes import SourceNode
from slac.stream.batch import ID, KEPT, SEEN, TIME, TIME_TYPE, WINDOW_START
from slac.stream.ids import hash_text
from slac.testing.cases.check import is_wire
from slac.testing.cases.streams import Stream
from slac.testing.cases.values import column_value, wire_value

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row of a block and the instant (µs) at which it comes; `wire` is a record as it is."""

    at: int
    stream: Stream
    values: Mapping[str, Any]
    row: RowDecl | SeriesDecl
    wire: bool = False


def arrivals(step: FeedStep, streams: Mapping[str, Stream], now: int) -> list[Arrival]:
    """All rows of a step, in the order of their times, and within one time as they stand; `now` is for rows without."""
    given = [a for g in step.given for row in g.rows for a in _row(streams[g.block.name], row, now)]
    series = [a for s in step.series for a in _series(streams[s.block.name], s, now)]
    return sorted([*given, *series], key=lambda a: a.at)


def ends_of(step: FeedStep, now: int) -> int:
    """The instant (µs) at which the last series of a step ends: the clock goes on until then."""
    return max(((now if s.start is None else s.start) + s.every * s.count for s in step.series), default=now)


def _row(stream: Stream, row: RowDecl, now: int) -> Iterator[Arrival]:
    values = {c.name: c.value for c in row.cells}
    yield Arrival(now if row.at is None else row.at, stream, values, row, wire=is_wire(stream, row))


def _series(stream: Stream, series: SeriesDecl, now: int) -> Iterator[Arrival]:
    start = now if series.start is None else series.start
    fixed = {c.name: c.value for c in series.row}
    for i in range(series.count):
        varied = {v.name: v.values[i % len(v.values)] for v in series.vary}
        if not any(value is GAP for value in varied.values()):
            yield Arrival(start + i * series.every, stream, fixed | varied, series)


def record_of(arrival: Arrival, source: SourceNode, start: int) -> dict[str, Any]:
    """The record that an input reads: as it stands, or made of flat fields."""
    if arrival.wire:
        return dict(arrival.values)
    types = {f.name: f.dtype for f in (*source.payload.fields, *source.context.fields)}
    values = {name: wire_value(value, types[name], start) for name, value in arrival.values.items()}
    return wire_record(source, arrival.at, values)


def table_row(arrival: Arrival, table: SourceNode, start: int) -> dict[str, Any]:
    """A row of a table, as a file would have it."""
    types = {f.name: f.dtype for f in table.payload.fields}
    return {n: wire_value(v, types[n], start) if n in types else v for n, v in arrival.values.items()}


def wire_record(source: SourceNode, at: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat fields put where the input's `map` looks for them; `at` in µs since the epoch."""
    schema = WireSchema(
        payload=source.payload,
        context=source.context,
        mapping=source.mapping,
        time_mode=source.time_mode,
        time_unit=source.time_unit,
    )
    record: dict[str, Any] = {}
    place = schema.time_place()
    if place is not None:
        _put(record, place, (_EPOCH + timedelta(microseconds=at)).isoformat())
    for field, path in schema.places():
        if field.name in values:
            _put(record, path, values[field.name])
    return record


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        record = record.setdefault(key, {})
    record[path[-1]] = value


def frame_of(rows: list[Arrival], number: int, start: int) -> pl.DataFrame:
    """Rows as if their block had made them; `number` counts the rows given before. A window's row is at its end."""
    stream = rows[0].stream
    schema = {n: stream.node.schema.polars()[n] for n in stream.node.schema.names}
    columns = {n: [column_value(a.values.get(n), stream.fields[n].dtype, start) for a in rows] for n in schema}
    ids = [hash_text("test", stream.block, str(number + i)) for i in range(len(rows))]
    last = 1 if stream.node.windowed else 0
    meta: list[pl.Series] = [
        pl.Series(TIME, [a.at - last for a in rows], dtype=pl.Int64).cast(TIME_TYPE),
        pl.Series(ID, ids, dtype=pl.UInt64),
    ]
    if stream.node.windowed:
        starts = [a.at - stream.window for a in rows]
        meta += [
            pl.Series(WINDOW_START, starts, dtype=pl.Int64).cast(TIME_TYPE),
            pl.Series(SEEN, [1.0] * len(rows), dtype=pl.Float64),
            pl.Series(KEPT, [1] * len(rows), dtype=pl.Int64),
        ]
    return pl.DataFrame([*meta, *(pl.Series(n, v, dtype=schema[n]) for n, v in columns.items())])
