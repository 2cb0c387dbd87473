"""The shape of a record as msgspec structs, defined from a wire schema: only the needed fields, strictly typed.

msgspec was measured against Polars' NDJSON reader, which is no faster on nested records and turns numbers and objects
into text silently where text is declared (docs/adapters/decoding.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec

from slac.adapters.decoding.wire import TIMESTAMP, Path, WireSchema
from slac.stream.types import (
    AnyType,
    Bool,
    Duration,
    Enum,
    Field,
    Float,
    Int,
    List,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
)

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
INSTANT: Final[Any] = Int64 | float | str


@dataclass(slots=True)
class _Node:
    """A JSON object on the way to the needed values: its leaves (with their type) and inner objects by key."""

    leaves: dict[str, Any] = field(default_factory=dict)
    inner: dict[str, _Node] = field(default_factory=dict)
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """How to get at one value of a decoded record: attributes from the record down.

    `optional[i]` says that the object reached after `i` + 1 attributes may be None.
    """

    attributes: tuple[str, ...]
    optional: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShape:
    """The struct type of a record, and the way to each path that was asked for."""

    type: type[msgspec.Struct]
    leaves: dict[Path, Leaf]


def record_shape(schema: WireSchema) -> RecordShape:
    """Define the structs for `schema`; ValueError where two fields cannot both stand where the map puts them."""
    root = _Node(required=True)
    time_place = schema.time_place()
    if time_place is not None:
        _place(root, time_place, INSTANT, required=True)
    for declared, path in schema.places():
        _place(root, path, wire_type(declared.dtype), required=not declared.nullable)
    paths = [path for _, path in schema.places()] + ([time_place] if time_place is not None else [])
    closed = schema.unknown == "quarantine"
    if closed:
        _admit_wire_form(root)
    record = _define("Record", root, closed=closed)
    return RecordShape(type=record, leaves={path: _leaf(root, path) for path in paths})


def _admit_wire_form(root: _Node) -> None:
    """The three words of the wire form are known, even where nothing in them is read."""
    if TIMESTAMP not in root.inner:
        root.leaves.setdefault(TIMESTAMP, INSTANT | None)
    for part in ("payload", "context"):
        if part not in root.leaves:
            root.inner.setdefault(part, _Node())


def wire_type(dtype: AnyType) -> Any:
    """The Python type that msgspec checks a value of `dtype` against, NULL aside."""
    match dtype:
        case Bool():
            return bool
        case Int() | Duration():
            return Int64
        case Float():
            return float
        case String():
            return str
        case Timestamp():
            return INSTANT
        case Null():
            return None
        case Enum(values=values):
            return Literal[values]
        case Map():
            return dict[str, str]
        case List(item=item):
            return list[wire_type(item) | None]  # type: ignore[misc]
        case Struct(fields=fields):
            return _define_struct(fields)


def _define_struct(fields: Iterable[Field]) -> type[msgspec.Struct]:
    node = _Node(required=True)
    for inner in fields:
        _place(node, (inner.name,), wire_type(inner.dtype), required=not inner.nullable)
    return _define("Value", node)


def _place(root: _Node, path: Path, kind: Any, *, required: bool) -> None:
    node = root
    for key in path[:-1]:
        if key in node.leaves:
            raise ValueError(f"{'.'.join(path)} lies inside a value that the map also reads whole")
        node = node.inner.setdefault(key, _Node())
        node.required |= required
    key = path[-1]
    wanted = kind if required else kind | None
    if key in node.inner:
        raise ValueError(f"{'.'.join(path)} is read whole, but the map also reads fields inside it")
    if key in node.leaves and node.leaves[key] != wanted:
        raise ValueError(f"two fields of different types are read from {'.'.join(path)}")
    node.leaves[key] = wanted


def _attribute(node: _Node, key: str) -> str:
    return f"f{[*node.leaves, *node.inner].index(key)}"


def _define(name: str, node: _Node, *, closed: bool = False) -> type[msgspec.Struct]:
    members: list[Any] = []
    for key, kind in node.leaves.items():
        attribute = _attribute(node, key)
        members.append((attribute, kind) if _is_required(kind) else (attribute, kind, None))
    for key, inner in node.inner.items():
        attribute, kind = _attribute(node, key), _define(f"{name}_{_attribute(node, key)}", inner, closed=closed)
        members.append((attribute, kind) if inner.required else (attribute, kind | None, None))
    rename = {_attribute(node, key): key for key in [*node.leaves, *node.inner]}
    # No cycles can arise, and the collector would walk every record of a block.
    return msgspec.defstruct(name, members, rename=rename, gc=False, kw_only=True, forbid_unknown_fields=closed)


def _is_required(kind: Any) -> bool:
    return type(None) not in getattr(kind, "__args__", ()) and kind is not None


def _leaf(root: _Node, path: Path) -> Leaf:
    node, attributes, optional = root, [], []
    for key in path[:-1]:
        attributes.append(_attribute(node, key))
        node = node.inner[key]
        optional.append(not node.required)
    return Leaf(attributes=(*attributes, _attribute(node, path[-1])), optional=tuple(optional))
