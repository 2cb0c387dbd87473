"""Values of a test against the types of columns: what is wrong with one, and whether it agrees with what came out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from slac.adapters.decoding.maps import canonical
from slac.language.durations import format_duration, parse_duration
from slac.language.tests import parse_at
from slac.stream.privacy import is_marked
from slac.stream.types import (
    AnyType,
    Bool,
    Duration,
    Enum,
    Float,
    Hashed,
    Int,
    List,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
)
from slac.testing.sensitive import HASHER

TOLERANCE: Final = 1e-9
"""Two floats agree when they differ by no more than this part of the larger."""
ABOUT: Final = 0.01
"""`{about: x}` agrees with what differs by no more than this part of x, unless `within` says how much."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_KINDS: Final[Mapping[type[Any], str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}


def problem(value: Any, dtype: AnyType, *, expected: bool, start: int = 0) -> str | None:
    """Why `value` cannot be one of `dtype`, as a sentence; None where it can. `expected`: `{about: …}` is allowed."""
    if value is None or (expected and _is_about(value) and isinstance(dtype, Int | Float)):
        return None
    match dtype, value:
        case (Bool(), bool()) | (String(), str()) | (Float(), float()) | (Null(), _):
            return None
        case Hashed(), str() | bool() | int() | float():
            return None
        case Enum(values=values), str():
            return None if value in values else f'"{value}" is none of {", ".join(values)}'
        case Map(), dict():
            bad = next((k for k, v in value.items() if not isinstance(v, str)), None)
            return None if bad is None else f"{bad}: texts are wanted"
        case (Int() | Float(), int()) if not isinstance(value, bool):
            return None
        case Timestamp() | Duration(), str():
            return _time_problem(value, dtype, start)
        case List(item=item), list():
            return next((p for v in value if (p := problem(v, item, expected=expected, start=start))), None)
        case Struct(), dict():
            return _struct_problem(value, dtype, expected=expected, start=start)
    return f"{_shown(value)} is {_KINDS.get(type(value), 'something else')}, and {dtype} is wanted"


def _time_problem(value: str, dtype: AnyType, start: int) -> str | None:
    try:
        parse_at(value, start) if isinstance(dtype, Timestamp) else parse_duration(value)
    except ValueError as error:
        return str(error)
    return None


def _struct_problem(value: dict[str, Any], dtype: Struct, *, expected: bool, start: int) -> str | None:
    fields = {f.name: f for f in dtype.fields}
    for name, part in value.items():
        if name not in fields:
            return f'there is no "{name}" in it; there are: {", ".join(fields)}'
        wrong = problem(part, fields[name].dtype, expected=expected, start=start)
        if wrong is not None:
            return f"{name}: {wrong}"
    return None


def agrees(expected: Any, got: Any, dtype: AnyType, start: int) -> bool:
    """Whether what came out is what a test expects.

    A hashed value is expected in clear; a float has a tolerance; an instant may be written as the end of the window
    whose last instant it is; of a struct only what is named counts, of a list every item in order.
    """
    if expected is None or got is None:
        return expected is None and got is None
    if isinstance(got, str) and is_marked(got):
        return HASHER.value(expected) == got
    if _is_about(expected):
        within = expected.get("within", abs(expected["about"]) * ABOUT)
        return bool(abs(got - expected["about"]) <= within)
    match dtype:
        case Float():
            return math.isclose(expected, got, rel_tol=TOLERANCE) or (math.isnan(expected) and math.isnan(got))
        case Timestamp():
            return 0 <= parse_at(expected, start) - micros(got) <= 1
        case Duration():
            return bool(parse_duration(expected) == got // _MICROSECOND)
        case List(item=item):
            return len(expected) == len(got) and all(
                agrees(e, g, item, start) for e, g in zip(expected, got, strict=True)
            )
        case Map():
            return bool(canonical(expected) == got)
        case Struct(fields=fields):
            types = {f.name: f.dtype for f in fields}
            return all(agrees(part, got[name], types[name], start) for name, part in expected.items())
    return bool(expected == got)


def _is_about(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "about" in value
        and value.keys() <= {"about", "within"}
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value.values())
    )


def micros(instant: datetime) -> int:
    """Microseconds since the epoch."""
    return (instant - _EPOCH) // _MICROSECOND


def wire_value(value: Any, dtype: AnyType, start: int) -> Any:
    """A value of a given row as JSON has it: instants as µs-exact RFC 3339, durations as µs."""
    match dtype, value:
        case Timestamp(), str():
            return (_EPOCH + timedelta(microseconds=parse_at(value, start))).isoformat()
        case Duration(), str():
            return parse_duration(value)
        case Struct(fields=fields), dict():
            types = {f.name: f.dtype for f in fields}
            return {k: wire_value(v, types[k], start) if k in types else v for k, v in value.items()}
        case List(item=item), list():
            return [wire_value(v, item, start) for v in value]
        case _:
            return value


def column_value(value: Any, dtype: AnyType, start: int) -> Any:
    """The same for a column of a frame: instants as datetimes, durations as timedeltas."""
    match dtype, value:
        case Timestamp(), str():
            return _EPOCH + timedelta(microseconds=parse_at(value, start))
        case Duration(), str():
            return timedelta(microseconds=parse_duration(value))
        case Float(), int():
            return float(value)
        case Map(), dict():
            return canonical(value)
        case Hashed(), str() | bool() | int() | float():
            return HASHER.value(value)
        case Struct(fields=fields), dict():
            return {f.name: column_value(value.get(f.name), f.dtype, start) for f in fields}
        case List(item=item), list():
            return [column_value(v, item, start) for v in value]
        case _:
            return value


def written(value: Any, start: int) -> str:
    """A value as a test would write it; instants as the time from `start`, the last of a window as its end."""
    match value:
        case datetime():
            passed = micros(value) - start
            return format_duration(passed + 1 if passed % 1000 == 999 else passed)  # 1 µs before
        case timedelta():
            return format_duration(value // _MICROSECOND)
        case list():
            return "[" + ", ".join(written(v, start) for v in value) + "]"
        case dict():
            return "{" + ", ".join(f"{k}: {written(v, start)}" for k, v in value.items()) + "}"
        case None | bool():
            return "null" if value is None else str(value).lower()
        case float():
            return f"{value:.12g}"
        case _:
            return str(value)


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else written(value, 0)
