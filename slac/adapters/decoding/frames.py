"""Frames (Arrow) to typed columns: the wire form or flat columns, checked column by column."""

from dataclasses import dataclass, field

import orjson
import polars as pl

from slac.adapters.decoding.arrow import UNREADABLE
from slac.adapters.decoding.conform import conform, keeps_all, nulls
from slac.adapters.decoding.maps import canonical_column
from slac.adapters.decoding.result import Decoded, Quarantined, all_rows
from slac.adapters.decoding.unknown import unknown_columns, values_by_row
from slac.adapters.decoding.wire import TIMESTAMP, UNKNOWN, Path, WireSchema
from slac.stream.batch import TIME, TIME_TYPE
from slac.stream.framing import frame_of
from slac.stream.types import AnyType, Timestamp


@dataclass(slots=True)
class _Checked:
    """The columns taken over, and per row the first reason against it."""

    columns: list[pl.Series] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


class FrameDecoder:
    """Takes frames over by one wire schema."""

    def __init__(self, schema: WireSchema) -> None:
        self._schema = schema
        self._places = tuple(schema.places())
        self._time = schema.time_place()
        self._made = schema.columns() | {TIME}
        self._keeps_unknown = schema.keeps_unknown
        self._known = schema.known_paths() | {(TIME,)}

    def decode(self, frame: pl.DataFrame, arrival: int) -> Decoded:
        """Take over all rows that comply; `arrival` (wall-clock µs) is their time where the input takes the arrival."""
        checked = _Checked(reasons=_unreadable(frame))
        if UNREADABLE in frame.columns:  # To drop nothing is a query, too, and copies columns.
            frame = frame.drop(UNREADABLE)
        if self._time is None:
            time = pl.Series(TIME, [arrival], dtype=pl.Int64).cast(TIME_TYPE).new_from_index(0, frame.height)
            checked.columns.append(time)
        else:
            found = find_column(frame, self._time)
            given = found if found is not None else find_column(frame, (TIME,))
            self._check(checked, TIME, self._time, given, Timestamp(), nullable=False, height=frame.height)
        for declared, path in self._places:
            given = find_column(frame, path)
            self._check(
                checked, declared.name, path, given, declared.dtype, nullable=declared.nullable, height=frame.height
            )
        unknown = unknown_columns(frame, self._known)
        if self._schema.unknown == "quarantine":
            _refuse(checked, unknown)
        elif self._keeps_unknown:
            checked.columns.append(canonical_column(UNKNOWN, values_by_row(unknown, frame.height)))
        return Decoded(
            frame=_finish(checked, frame.height),
            quarantined=_quarantined(checked, frame),
            total=frame.height,
            unknown_fields=len(unknown) * frame.height,
            unknown_names=tuple(unknown),
        )

    def _check(
        self,
        checked: _Checked,
        name: str,
        path: Path,
        given: pl.Series | None,
        dtype: AnyType,
        *,
        nullable: bool,
        height: int,
    ) -> None:
        is_read = name in self._made
        if given is None and nullable and not is_read:
            return
        if given is not None and not is_read and keeps_all(given.dtype, dtype):
            column = given
        else:
            column = conform(given, dtype, self._schema.time_unit) if given is not None else nulls(name, height, dtype)
        if is_read:
            checked.columns.append(column.alias(name))
        given_nulls = height if given is None else given.null_count()
        if column.null_count() == (given_nulls if nullable else 0):
            return
        place = ".".join(path)
        lost = (
            column.is_null() & given.is_not_null()
            if given is not None
            else pl.Series([False]).new_from_index(0, height)
        )
        for i in lost.arg_true().to_list():
            checked.reasons.setdefault(i, f"{place}: expected {dtype}, got {_shown(given, i)}")
        if not nullable:
            for i in (column.is_null() & ~lost).arg_true().to_list():
                checked.reasons.setdefault(i, f"{place}: missing")


def _unreadable(frame: pl.DataFrame) -> dict[int, str]:
    """By row, why the bytes were none."""
    if UNREADABLE not in frame.columns:
        return {}
    reasons = frame[UNREADABLE]
    return {i: str(reasons[i]) for i in reasons.is_not_null().arg_true().to_list()}


def _refuse(checked: _Checked, unknown: dict[str, pl.Series]) -> None:
    for path, column in unknown.items():
        for i in column.is_not_null().arg_true().to_list():
            checked.reasons.setdefault(i, f"{path}: not declared")


def find_column(frame: pl.DataFrame, path: Path) -> pl.Series | None:
    """The column at a path: through structs, or flat by its last name, or by the dotted path."""
    if path[0] in frame.columns:
        column = frame[path[0]]
        for key in path[1:]:
            if not isinstance(column.dtype, pl.Struct) or key not in column.struct.fields:
                return None
            column = column.struct.field(key)
        return column
    for name in (".".join(path), path[-1]):
        if name in frame.columns and name != TIMESTAMP:
            return frame[name]
    return None


def _shown(column: pl.Series | None, row: int) -> str:
    if column is None:
        return "nothing"
    text = str(column[row])
    return f"{str(column.dtype).lower()} {text if len(text) <= 40 else text[:40] + '…'}"


def _finish(checked: _Checked, height: int) -> pl.DataFrame:
    frame = frame_of([*checked.columns, all_rows(height)])
    if not checked.reasons:
        return frame
    keep = pl.Series([True]).new_from_index(0, height).scatter(list(checked.reasons), values=False)
    return frame.filter(keep)


def _quarantined(checked: _Checked, frame: pl.DataFrame) -> tuple[Quarantined, ...]:
    return tuple(
        Quarantined(index=i, reason=checked.reasons[i], raw=orjson.dumps(frame.row(i, named=True), default=str))
        for i in sorted(checked.reasons)
    )
