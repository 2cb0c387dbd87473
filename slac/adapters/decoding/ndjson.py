"""NDJSON to columns: every line is decoded strictly; a line that does not comply costs only itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import msgspec
import polars as pl

from slac.adapters.decoding.columns import plain, taker, to_series
from slac.adapters.decoding.lines import Lines
from slac.adapters.decoding.maps import canonical_column
from slac.adapters.decoding.misplaced import hint
from slac.adapters.decoding.reasons import reason
from slac.adapters.decoding.result import ROW, Decoded, Quarantined, all_rows
from slac.adapters.decoding.structs import RecordShape, record_shape
from slac.adapters.decoding.times import instants
from slac.adapters.decoding.unknown import unknown_paths, unknown_values
from slac.adapters.decoding.wire import UNKNOWN, Path, WireSchema
from slac.stream.batch import TIME, TIME_TYPE
from slac.stream.framing import frame_of
from slac.stream.types import List, Struct, Timestamp

_CHUNK: Final = 256
"""Lines decoded in one go; only a chunk with a bad line is looked at line by line.

Few, so that their objects are taken apart and freed while they lie in the cache.
"""


@dataclass(slots=True)
class _Survivors:
    """Of the records that complied so far the values of each wanted leaf and the places, and those that did not."""

    values: list[list[Any]]
    runs: list[Sequence[int]]
    quarantined: list[Quarantined]

    def rows(self) -> list[int]:
        """The places, ascending."""
        return list(chain.from_iterable(self.runs))


class NdjsonDecoder:
    """Decodes blocks of NDJSON by one wire schema."""

    def __init__(self, schema: WireSchema) -> None:
        self._schema = schema
        self._shape: RecordShape = record_shape(schema)
        self._decoder = msgspec.json.Decoder(self._shape.type)
        self._places = tuple(schema.places())
        self._time = schema.time_place()
        made = schema.columns()
        # An instant is one only where it can be converted: its column is made, whoever reads it.
        self._made = tuple((f, p) for f, p in self._places if f.name in made or isinstance(f.dtype, Timestamp))
        self._asked = (*(path for _, path in self._made), *([self._time] if self._time is not None else []))
        self._takers = tuple(taker(self._shape.leaves[path]) for path in self._asked)
        self._nested = tuple(
            (f, p, taker(self._shape.leaves[p])) for f, p in self._places if isinstance(f.dtype, Struct | List)
        )
        self._keeps_unknown = schema.keeps_unknown
        self._known = schema.known_paths()

    def decode(self, lines: Lines, arrival: int) -> Decoded:
        """Decode whole lines; `arrival` (wall-clock µs) is the time of all rows where the input takes the arrival."""
        kept = self._comply(lines)
        frame = self._frame(kept, lines, arrival)
        kept.quarantined.sort(key=lambda q: q.index)
        unknown = unknown_paths(lines[0], self._known) if len(lines) else ()
        return Decoded(
            frame=frame,
            quarantined=tuple(kept.quarantined),
            total=len(lines),
            unknown_fields=len(unknown) * len(lines),
            unknown_names=unknown,
        )

    def _comply(self, lines: Lines) -> _Survivors:
        kept = _Survivors([[] for _ in self._takers], [], [])
        view, plausible = memoryview(lines.data), lines.look_like_objects()
        for start in range(0, len(lines), _CHUNK):
            end = min(start + _CHUNK, len(lines))
            records = self._at_once(view[lines.starts[start] : lines.ends[end - 1]]) if plausible else None
            if records is None or len(records) != end - start:
                records = self._one_by_one(lines, range(start, end), kept)
            else:
                kept.runs.append(range(start, end))
            for values, take in zip(kept.values, self._takers, strict=True):
                values.extend(take(records))
        return kept

    def _at_once(self, chunk: memoryview) -> list[Any] | None:
        try:
            records: list[Any] = self._decoder.decode_lines(chunk)
            self._check_nested(records)
        except (ValueError, RecursionError):
            return None
        return records

    def _one_by_one(self, lines: Lines, indexes: range, kept: _Survivors) -> list[Any]:
        records: list[Any] = []
        places: list[int] = []
        for index in indexes:
            line = lines[index]
            try:
                record = self._decoder.decode(line)
                self._check_nested([record])
            except (ValueError, RecursionError) as error:
                why = reason(error)
                why += hint(why, line, self._known)
                kept.quarantined.append(Quarantined(index=index, reason=why, raw=line))
            else:
                records.append(record)
                places.append(index)
        kept.runs.append(places)
        return records

    def _check_nested(self, records: Sequence[Any]) -> None:
        """Instants inside nested values are no part of what msgspec checks: ValueError where one is none."""
        for field, path, take in self._nested:
            try:
                for value in take(records):
                    plain(value, field.dtype, self._schema.time_unit)
            except ValueError as error:
                raise msgspec.ValidationError(f"{error} - at `$.{'.'.join(path)}`") from error

    def _frame(self, kept: _Survivors, lines: Lines, arrival: int) -> pl.DataFrame:
        unit = self._schema.time_unit
        values = dict(zip(self._asked, kept.values, strict=True))
        complete = not kept.quarantined
        columns = [to_series(f.name, values[path], f.dtype, unit) for f, path in self._made]
        if self._keeps_unknown:
            columns.append(canonical_column(UNKNOWN, [unknown_values(lines[i], self._known) for i in kept.rows()]))
        time = self._times(values, arrival, len(lines) - len(kept.quarantined))
        rows = all_rows(len(lines)) if complete else pl.Series(ROW, kept.rows(), dtype=pl.UInt32)
        frame = frame_of([time, *columns, rows])
        suspects = [(".".join(self._time), time, values[self._time])] if self._time is not None else []
        suspects += [
            (".".join(path), column, values[path])
            for (field, path), column in zip(self._made, columns[: len(self._made)], strict=True)
            if isinstance(field.dtype, Timestamp)
        ]
        return _without_bad_instants(frame, suspects, lines, kept)

    def _times(self, values: dict[Path, list[Any]], arrival: int, height: int) -> pl.Series:
        if self._time is None:
            return pl.Series(TIME, [arrival], dtype=pl.Int64).cast(TIME_TYPE).new_from_index(0, height)
        return instants(values[self._time], self._schema.time_unit).alias(TIME)


def _without_bad_instants(
    frame: pl.DataFrame, suspects: Sequence[tuple[str, pl.Series, list[Any]]], lines: Lines, kept: _Survivors
) -> pl.DataFrame:
    """Set rows aside where something was written for an instant, but none came of it."""
    bad: dict[int, str] = {}
    for path, column, written in suspects:
        # To count what was written takes as long as to make the column.
        if not column.null_count() or column.null_count() == written.count(None):
            continue
        for i in column.is_null().arg_true().to_list():
            if written[i] is not None:
                bad.setdefault(
                    i, f"{path}: {written[i]!r} is no instant: write RFC 3339 text with an offset, or an integer"
                )
    rows = kept.rows() if bad else []
    for i, why in bad.items():
        row = rows[i]
        kept.quarantined.append(Quarantined(index=row, reason=why, raw=lines[row]))
    if not bad:
        return frame
    keep = pl.Series([True] * frame.height).scatter(list(bad), values=False)
    return frame.filter(keep)
