"""Stable 64-bit ids: the same value gives the same id in every process, batch and library version.

Values are brought to a canonical form, text is hashed with xxh3-64, and columns are mixed in order with splitmix64 in
NumPy. Polars' own hashes change between its versions and never reach an id (`docs/operators/select.md` says what an id
is made of).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

from slac.stream.batch import ID, TIME, TIME_TYPE, WINDOW_START
from slac.stream.framing import column_of, frame_of

Ids = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

SEQUENCE_BITS: Final = 40
"""An input event's id is 24 bits of its source, then this many bits of sequence number."""
PREFIX_MASK: Final = (1 << 24) - 1

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_FIRST_BACK: Final = np.uint64(pow(int(_FIRST), -1, 1 << 64))
_SECOND_BACK: Final = np.uint64(pow(int(_SECOND), -1, 1 << 64))
_SHIFTS: Final = tuple(np.uint64(n) for n in (30, 27, 31))
_AT_ONCE: Final = 1 << 15
_STEPS: Final = np.arange(1 << 16, dtype=np.uint64)
_NULL: Final = np.uint64(0x6E756C6C6E756C6C)
_NAN: Final = np.uint64(0x7FF8000000000000)
_BOOL, _INT, _FLOAT, _TEXT, _TIME, _DURATION, _STRUCT = (np.uint64(n) for n in range(1, 8))


def splitmix64(values: Ids) -> Ids:
    """The splitmix64 step of each value: a bijection of 64 bits in which every bit depends on every other."""
    return _mixed(values.copy())


def _mixed(values: Ids) -> Ids:
    """The same in place."""
    spare = np.empty(min(len(values), _AT_ONCE), np.uint64)
    # In parts that stay in the cache: three times as fast for long columns.
    for start in range(0, len(values), _AT_ONCE):
        z = values[start : start + _AT_ONCE]
        _splitmix(z, spare[: len(z)])
    return values


def _splitmix(z: Ids, spare: Ids) -> None:
    """The step in place; `spare` is as long, and is written over."""
    z += _GOLDEN
    z ^= np.right_shift(z, _SHIFTS[0], out=spare)
    z *= _FIRST
    z ^= np.right_shift(z, _SHIFTS[1], out=spare)
    z *= _SECOND
    z ^= np.right_shift(z, _SHIFTS[2], out=spare)


def hash_text(*parts: str) -> int:
    """A 64-bit hash of a sequence of texts; `("ab",)`, `("a", "b")` and `("b", "a")` differ."""
    state = _one(0)
    for part in parts:
        state = splitmix64(state ^ _one(xxhash.xxh3_64_intdigest(part.encode())))
    return int(state[0])


def hash_columns(frame: pl.DataFrame, columns: Sequence[str], salt: int) -> pl.Series:
    """One id a row (UInt64) of the values of `columns`, in order, and a salt (64 bits).

    Canonical: integers of any width are alike, times and durations are taken in µs, −0.0 is 0.0, all NaN are one,
    NULL is one constant; values of different types differ. TypeError for a type that has no identity (a list).
    """
    hashed = (hash_values(frame[name]) for name in columns)
    return column_of(ID, hash_hashed(frame.height, hashed, salt))


def hash_hashed(rows: int, columns: Iterable[Ids], salt: int) -> Ids:
    """What `hash_columns` gives for so many rows of columns that went through `hash_values` already."""
    return reduce(mix, columns, np.full(rows, splitmix64(_one(salt))[0], np.uint64))


def hash_further(states: Ids, series: Iterable[pl.Series]) -> Ids:
    """What `hash_columns` gives with more columns behind those of `states`; one of length 1 is the same in all rows."""
    for one in series:
        states = mix(states, hash_values(one))
    return states


def hash_values(series: pl.Series) -> Ids:
    """What `hash_further` mixes in for each value of a column: to be made once where values take part often."""
    hashed = _mixed(_canonical(series))
    if series.null_count():
        hashed[series.is_null().to_numpy()] = _NULL
    return hashed


def ids_behind(hashed: Ids) -> pl.Series:
    """The ids (UInt64) of which `hash_values` made these: no two ids have one hash, so it can be undone."""
    z = hashed.copy()
    _unshift(z, 31)
    z *= _SECOND_BACK
    _unshift(z, 27)
    z *= _FIRST_BACK
    _unshift(z, 30)
    z -= _GOLDEN
    is_null = hashed == _NULL
    ids = column_of(ID, _tagged(z, _INT))
    return ids.set(pl.Series(is_null), None) if is_null.any() else ids


def _unshift(z: Ids, bits: int) -> None:
    """In place: what was XORed with itself, shifted to the right by so many bits, as it was before."""
    shift, mixed = np.uint64(bits), z.copy()
    for _ in range(64 // bits):
        np.bitwise_xor(mixed, z >> shift, out=z)


def mix(states: Ids, hashed: Ids) -> Ids:
    """`hash_further` with a column of `hash_values`."""
    return _mixed(states ^ hashed)


@dataclass(frozen=True, slots=True)
class Hashed:
    """What `hash_values` made of some values, and which of them each row has; None: its own, or all the only one."""

    values: Ids
    places: npt.NDArray[np.int64] | None = None


def mix_hashed(rows: int, states: Hashed, columns: Sequence[Hashed]) -> Ids:
    """`mix` of so many rows' states with one column after the other: ids, and nothing that is as long between."""
    mixed = np.empty(rows, np.uint64)
    spare = np.empty(min(rows, _AT_ONCE), np.uint64)
    for start in range(0, rows, _AT_ONCE):
        z = mixed[start : start + _AT_ONCE]
        part = slice(start, start + len(z))
        other = spare[: len(z)]
        if states.places is None:
            z[:] = _part(states, part, other)
        else:
            np.take(states.values, states.places[part], out=z, mode="clip")
        for column in columns:
            z ^= _part(column, part, other)
            _splitmix(z, other)
    return mixed


def further_ids(states: Ids, places: npt.NDArray[np.int64], ids: Ids) -> Ids:
    """What `hash_further` gives for the states at these places with a column of ids: nothing as long stands between."""
    mixed, tag = np.empty(len(ids), np.uint64), _tagged(_one(0), _INT)
    spare = np.empty(min(len(ids), _AT_ONCE), np.uint64)
    for start in range(0, len(ids), _AT_ONCE):
        z = mixed[start : start + _AT_ONCE]
        part, other = slice(start, start + len(z)), spare[: len(z)]
        np.bitwise_xor(ids[part], tag, out=z)
        _splitmix(z, other)
        z ^= np.take(states, places[part], out=other, mode="clip")
        _splitmix(z, other)
    return mixed


def _part(column: Hashed, part: slice, spare: Ids) -> Ids:
    if column.places is None:
        return column.values if len(column.values) == 1 else column.values[part]
    return np.take(column.values, column.places[part], out=spare, mode="clip")


def source_prefix(input: str, source: str) -> int:  # noqa: A002 - the word of the language
    """The 24 bits that the ids of an input's source begin with (the caller moves on where they are taken)."""
    return hash_text(input, source) >> SEQUENCE_BITS


def sequence_ids(prefix: int, first: int, count: int) -> Ids:
    """`count` ids of a source from sequence number `first` on."""
    if first + count <= 1 << SEQUENCE_BITS:
        # One addition to steps that are there: a third of what it takes to count anew.
        begin = ((prefix & PREFIX_MASK) << SEQUENCE_BITS) | first
        if count <= len(_STEPS):
            return _STEPS[:count] + np.uint64(begin)
        ids = np.empty(count, np.uint64)
        for start in range(0, count, len(_STEPS)):
            piece = ids[start : start + len(_STEPS)]
            np.add(_STEPS[: len(piece)], np.uint64(begin + start), out=piece)
        return ids
    return np.arange(first, first + count, dtype=np.uint64) | np.uint64((prefix & PREFIX_MASK) << SEQUENCE_BITS)


def sequence_of(row_id: int | np.uint64) -> int:
    """The sequence number in an id that `sequence_ids` has made."""
    return int(row_id) & ((1 << SEQUENCE_BITS) - 1)


def reid(frame: pl.DataFrame, document: str, block: str) -> pl.DataFrame:
    """The frame with new ids, hashed from (document, block, id): what `emits` does."""
    ids = row_ids(frame, document, block, (ID,))
    # By `with_columns` a query would cost more than what it does.
    return frame_of([ids if one.name == ID else one for one in frame.get_columns()])


def row_ids(frame: pl.DataFrame, document: str, block: str, columns: Sequence[str]) -> pl.Series:
    """Ids hashed from (document, block, values of `columns`), one a row."""
    return hash_columns(frame, columns, hash_text(document, block))


def window_ids(frame: pl.DataFrame, document: str, block: str, keys: Sequence[str]) -> pl.Series:
    """Ids of window rows: (document, block, key, window), from the keys, `_window_start` and `_time`."""
    return row_ids(frame, document, block, (*keys, WINDOW_START, TIME))


def salted(ids: Ids, salt: int) -> Ids:
    """What a gate chooses by: one hash of each id, held against as many thresholds as it has."""
    return splitmix64(ids ^ np.uint64(salt))


def admit(hashed: Ids, threshold: int | None) -> Mask:
    """Which ids a gate lets through: those whose `salted` hash lies under `threshold` (p·2⁶⁴; None or 2⁶⁴: all)."""
    if threshold is None or threshold >= 1 << 64:
        return np.ones(len(hashed), np.bool_)
    mask: Mask = hashed < np.uint64(threshold)
    return mask


def format_id(value: int) -> str:
    """An id as 16 hex digits: 64 bits do not survive JavaScript numbers or SQLite integers."""
    return f"{value:016x}"


def parse_id(text: str) -> int:
    """The id that `format_id` printed; ValueError when it is not one."""
    if len(text) != 16:
        raise ValueError(f'an id has 16 hex digits: "{text}" has {len(text)} characters')
    return int(text, 16)


def _one(value: int) -> Ids:
    return np.array([value & 0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)


def _canonical(series: pl.Series) -> Ids:
    """64 bits a value, with the type mixed in; what stands where the value is NULL does not matter."""
    dtype = series.dtype
    if dtype == pl.Null:
        return np.zeros(len(series), np.uint64)
    if dtype == pl.Boolean:
        return _tagged(_filled(series, False).to_numpy().astype(np.uint64), _BOOL)
    if dtype.is_integer():
        return _tagged(_bits(_filled(series, 0)), _INT)
    if dtype.is_float():
        return _tagged(_float_bits(series), _FLOAT)
    if isinstance(dtype, pl.Datetime):
        return _tagged(_bits(_filled(_microseconds(series), 0)), _TIME)
    if isinstance(dtype, pl.Duration):
        return _tagged(_bits(_filled(_microseconds(series), 0)), _DURATION)
    if isinstance(dtype, pl.Struct):
        return _struct(series)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _tagged(_text_bits(series.cast(pl.String)), _TEXT)
    raise TypeError(f'a value of type {dtype} cannot be part of an id (column "{series.name}")')


def _filled(series: pl.Series, value: object) -> pl.Series:
    """Without NULL; where there is none, Polars need not be asked."""
    return series.fill_null(value) if series.null_count() else series


def _microseconds(series: pl.Series) -> pl.Series:
    """Int64 µs of instants or durations of any unit."""
    if series.dtype in (pl.Datetime("us"), pl.Duration("us")) or series.dtype == TIME_TYPE:
        return series.cast(pl.Int64)
    return series.dt.epoch("us") if isinstance(series.dtype, pl.Datetime) else series.dt.total_microseconds()


def _tagged(bits: Ids, tag: np.uint64) -> Ids:
    with np.errstate(over="ignore"):
        tagged: Ids = bits ^ (tag * _GOLDEN)
    return tagged


def _bits(series: pl.Series) -> Ids:
    wide = pl.UInt64 if series.dtype == pl.UInt64 else pl.Int64
    return series.cast(wide).to_numpy().view(np.uint64)


def _float_bits(series: pl.Series) -> Ids:
    values = _filled(series.cast(pl.Float64), 0.0).to_numpy() + 0.0  # −0.0 + 0.0 is 0.0
    bits: Ids = values.view(np.uint64)
    bits[np.isnan(values)] = _NAN
    return bits


def _text_bits(series: pl.Series) -> Ids:
    digest = xxhash.xxh3_64_intdigest
    values = _filled(series, "").cast(pl.Binary).to_list()
    return np.fromiter(map(digest, values), np.uint64, len(values))


def _struct(series: pl.Series) -> Ids:
    state = np.full(len(series), _STRUCT, np.uint64)
    for field in series.struct.unnest().get_columns():
        state = mix(state, hash_values(field))
    return state
