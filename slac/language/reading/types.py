"""Types as they are written in one word: `float?`, `list[string]`, `enum[low, high]`, `map`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, get_args

from slac.diagnostics import listed, suggest
from slac.language.document import FieldType
from slac.language.reading.cursor import Cursor

_PLAIN: Final[tuple[FieldType, ...]] = tuple(
    name for name in get_args(FieldType) if name not in ("struct", "enum", "list")
)
_WRITTEN: Final = (*_PLAIN, "list[string]", "enum[a, b]")
_WITH: Final = re.compile(r"(?P<outer>[A-Za-z_]+)\s*\[(?P<inner>.*)\]", re.DOTALL)
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class TypeText:
    """A type that was read: its name, the values of an enum, the item of a list, and whether it may be missing."""

    name: FieldType
    nullable: bool = False
    values: tuple[str, ...] = ()
    item: TypeText | None = None


class _Unreadable(Exception):  # caught in this module, which tells it as a finding
    """What is wrong with a type, and what to write."""

    def __init__(self, summary: str, suggestion: str = "") -> None:
        super().__init__(summary)
        self.suggestion = suggestion


def type_text(cursor: Cursor) -> TypeText | None:
    """The type that a scalar names; what it cannot be is a finding."""
    try:
        return _read((cursor.text or "").strip(), 0)
    except _Unreadable as error:
        details = f'types: {listed(_WRITTEN)}, or a mapping of fields; "{_PLAIN[0]}?" may be missing'
        cursor.say("schema/bad-value", str(error), suggestion=error.suggestion, details=details)
        return None


def _read(text: str, depth: int) -> TypeText:
    base, nullable = text.removesuffix("?").strip(), text.endswith("?")
    plain = next((name for name in _PLAIN if name == base), None)
    if plain is not None:
        return TypeText(plain, nullable)
    found = _WITH.fullmatch(base)
    match found["outer"] if found else base, (found["inner"] if found else "").strip():
        case "enum", values:
            return TypeText("enum", nullable, values=_values(values))
        case "map", inner if inner and inner != "string":
            raise _Unreadable(f'"{text}": the values of a map are text', "write map")
        case "map", _:
            return TypeText("map", nullable)
        case "list", inner if inner and depth < _DEEPEST:
            return TypeText("list", nullable, item=_item(inner, depth))
        case "list", _:
            raise _Unreadable(f'"{text}" does not say of what it is a list', "write list[string]")
        case _:
            raise _Unreadable(f'"{text}" is not a type', suggest(base, [*_PLAIN, "list", "enum"]))


def _item(text: str, depth: int) -> TypeText:
    item = _read(text, depth + 1)
    if item.nullable:
        raise _Unreadable(f'"{text}": an item of a list may always be NULL', f"write {text.removesuffix('?')}")
    return item


def _values(text: str) -> tuple[str, ...]:
    values = tuple(part.strip().strip("'\"") for part in text.split(",")) if text else ()
    if not values or not all(values):
        raise _Unreadable("an enum names its values", "write enum[low, high]")
    twice = next((v for v in values if values.count(v) > 1), None)
    if twice is not None:
        raise _Unreadable(f'the value "{twice}" stands twice in the enum')
    return values
