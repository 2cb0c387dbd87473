"""How many bytes a row takes: in memory and on links (Arrow), and as a line of JSON."""

from __future__ import annotations

from slac.stream.privacy import LENGTH
from slac.stream.types import AnyType, Bool, Enum, Hashed, List, Map, Schema, String, Struct, Timestamp

TEXT_LENGTH = 16
"""Characters of a text, where nothing has been measured; printed as an assumption."""
WORD = 8
META = 2 * WORD
"""`_time` and `_id`."""
WINDOW_META = 3 * WORD
"""`_window_start`, `_seen`, `_kept`."""
JSON_FRAME = 60
"""A record's braces, its timestamp, and the words `payload` and `context`."""


def arrow_bytes(schema: Schema, *, windowed: bool = False) -> float:
    """Bytes of one row as Arrow columns, meta columns included."""
    return META + (WINDOW_META if windowed else 0) + sum(_arrow(f.dtype) for f in schema.fields)


def json_bytes(schema: Schema) -> float:
    """Bytes of one record as a line of JSON."""
    return JSON_FRAME + sum(len(f.name) + 4 + _json(f.dtype) for f in schema.fields)


def text_fields(schema: Schema) -> int:
    """How many columns are text."""
    return sum(isinstance(f.dtype, String | Enum | Map) for f in schema.fields)


def instants_in(schema: Schema, *, windowed: bool = False) -> int:
    """How many instants a published row has: its own, those of its window, and columns of them."""
    return 1 + 2 * windowed + sum(isinstance(f.dtype, Timestamp) for f in schema.fields)


def _arrow(dtype: AnyType) -> float:
    match dtype:
        case Bool():
            return 1.0
        case String() | Enum() | Map():
            return 4.0 + TEXT_LENGTH
        case Hashed():
            return 4.0 + LENGTH
        case Struct(fields=fields):
            return sum(_arrow(f.dtype) for f in fields)
        case List(item=item):
            return 4.0 + _arrow(item)
        case _:
            return float(WORD)


def _json(dtype: AnyType) -> float:
    match dtype:
        case Bool():
            return 5.0
        case String() | Enum() | Map():
            return 2.0 + TEXT_LENGTH
        case Hashed():
            return 2.0 + LENGTH
        case Struct(fields=fields):
            return 2.0 + sum(len(f.name) + 4 + _json(f.dtype) for f in fields)
        case List(item=item):
            return 2.0 + _json(item)
        case _:
            return 10.0
