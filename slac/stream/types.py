"""The types of the language, and what Polars calls them.

A closed set: frozen structs that serialise with the plan. Nullability belongs to a field, not to a type.
"""

from __future__ import annotations

import msgspec
import polars as pl


class DataType(msgspec.Struct, frozen=True, tag=True):
    """Base of all types; compare with `==`."""


class Bool(DataType, frozen=True, tag="bool"):
    """True or false."""

    def __str__(self) -> str:
        return "bool"


class Int(DataType, frozen=True, tag="int"):
    """A signed 64-bit integer."""

    def __str__(self) -> str:
        return "int"


class Float(DataType, frozen=True, tag="float"):
    """An IEEE double."""

    def __str__(self) -> str:
        return "float"


class String(DataType, frozen=True, tag="string"):
    """Text, compared by code points."""

    def __str__(self) -> str:
        return "string"


class Timestamp(DataType, frozen=True, tag="timestamp"):
    """An instant: microseconds since the epoch, UTC."""

    def __str__(self) -> str:
        return "timestamp"


class Duration(DataType, frozen=True, tag="duration"):
    """A length of time in microseconds."""

    def __str__(self) -> str:
        return "duration"


class Null(DataType, frozen=True, tag="null"):
    """The type of a bare NULL; it fits every nullable place."""

    def __str__(self) -> str:
        return "null"


class Struct(DataType, frozen=True, tag="struct"):
    """Named fields, in order."""

    fields: tuple[Field, ...]

    def __str__(self) -> str:
        return "{" + ", ".join(str(f) for f in self.fields) + "}"


class List(DataType, frozen=True, tag="list"):
    """A sequence of values of one type (report bodies carry lists of structs)."""

    item: AnyType

    def __str__(self) -> str:
        return f"list[{self.item}]"


class Enum(DataType, frozen=True, tag="enum"):
    """Text that is one of some values: checked where it comes in, and like any other text from there on."""

    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"enum[{', '.join(self.values)}]"


class Map(DataType, frozen=True, tag="map"):
    """Texts by name (a label set), equal where their sorted pairs are.

    A column holds its canonical form, one JSON object as text: `{"a":"1","b":"2"}`, names in order of code points.
    """

    def __str__(self) -> str:
        return "map"


class Hashed(DataType, frozen=True, tag="hashed"):
    """What stands for a sensitive value: equal where the values are, and that is all that it tells.

    A column holds marked text (`slac.stream.privacy`).
    """

    def __str__(self) -> str:
        return "hashed"


AnyType = Bool | Int | Float | String | Timestamp | Duration | Null | Struct | List | Enum | Map | Hashed


class Field(msgspec.Struct, frozen=True):
    """A named column and whether it may be NULL."""

    name: str
    dtype: AnyType
    nullable: bool = True

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}{'?' if self.nullable else ''}"


class Schema(msgspec.Struct, frozen=True):
    """The user's columns of a stream, in order; meta columns (`slac.stream.batch`) come on top."""

    fields: tuple[Field, ...] = ()

    def __contains__(self, name: str) -> bool:
        return any(f.name == name for f in self.fields)

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(f.name for f in self.fields)

    def polars(self) -> dict[str, pl.DataType]:
        """The Polars schema of the user's columns."""
        return {f.name: to_polars(f.dtype) for f in self.fields}

    def __str__(self) -> str:
        return ", ".join(str(f) for f in self.fields)


def to_polars(dtype: AnyType) -> pl.DataType:
    """The physical type of a column of `dtype`."""
    match dtype:
        case Bool():
            return pl.Boolean()
        case Int():
            return pl.Int64()
        case Float():
            return pl.Float64()
        case String() | Enum() | Map() | Hashed():
            return pl.String()
        case Timestamp():
            return pl.Datetime("us", "UTC")
        case Duration():
            return pl.Duration("us")
        case Null():
            return pl.Null()
        case Struct(fields=fields):
            return pl.Struct({f.name: to_polars(f.dtype) for f in fields})
        case List(item=item):
            return pl.List(to_polars(item))
