"""Which fields are read from a record, where they stand in it, and how its time is written."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from slac.adapters.paths import Path, parse_path
from slac.plan.nodes import SampledSpec, TypeSpec
from slac.plan.subexpressions import columns_in
from slac.stream.types import Field, Schema

__all__ = ["TIMESTAMP", "Path", "TimeUnit", "WireSchema", "parse_path"]

TimeUnit = Literal["s", "ms", "us", "ns"]
"""What an integer on the wire counts since the epoch."""

UNKNOWN: Final = "unknown"
"""The column (a map) that holds the fields which nobody declared, where they are kept."""

TIMESTAMP: Final = "timestamp"
"""The name under which a mapping places the event time, and its key in the wire form."""


class WireSchema(msgspec.Struct, frozen=True):
    """What a decoder must know of an event type and of the input that reads it.

    `mapping` pairs a field name (or `timestamp`) with the path of its value in a record: keys joined by dots, a key
    that holds a dot in double quotes. A field that it does not name stands in the wire form: `payload.<name>`,
    `context.<name>`. `time_mode` `ingest` takes the arrival and reads no timestamp.
    `types`, `until`, `unknown`, `sampled`: see `SourceNode`. `read`: the fields that somebody reads (None: all). The
    others are checked all the same, but no columns are made of them, except where making one is the check.
    """

    payload: Schema
    context: Schema = Schema()
    mapping: tuple[tuple[str, str], ...] = ()
    time_mode: Literal["event", "ingest"] = "event"
    time_unit: TimeUnit = "ms"
    types: tuple[TypeSpec, ...] = ()
    until: str | None = None
    unknown: Literal["drop", "keep", "quarantine"] = "drop"
    read: frozenset[str] | None = None
    sampled: SampledSpec | None = None

    def __post_init__(self) -> None:
        known = {TIMESTAMP, *(f.name for f in self.fields)}
        for name, path in self.mapping:
            if name not in known:
                raise ValueError(
                    f"the map places {name!r}, which is no declared field; there are: {', '.join(sorted(known))}"
                )
            parse_path(path)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Payload, then context fields: the columns in order."""
        return self.payload.fields + self.context.fields

    def columns(self) -> frozenset[str]:
        """The fields of which columns are made: those that are read, and those that other rows are judged by."""
        if self.read is None:
            return frozenset(f.name for f in self.fields)
        judged = {c.name for t in self.types if t.when is not None for c in columns_in(t.when)}
        judged |= {name for t in self.types for name in t.required}
        if self.sampled is not None:
            judged |= {self.sampled.tracestate, self.sampled.trace}
        return self.read | judged | ({self.until} if self.until is not None else frozenset())

    @property
    def keeps_unknown(self) -> bool:
        """Whether undeclared fields are kept, and somebody reads them."""
        return self.unknown == "keep" and (self.read is None or UNKNOWN in self.read)

    def places(self) -> Iterator[tuple[Field, Path]]:
        """Each field with the path of its value."""
        mapped = dict(self.mapping)
        for prefix, schema in (("payload", self.payload), ("context", self.context)):
            for field in schema.fields:
                yield field, parse_path(mapped[field.name]) if field.name in mapped else (prefix, field.name)

    def known_paths(self) -> frozenset[Path]:
        """The paths that are no unknown fields: those of the fields, and the timestamp even where it is not read."""
        return frozenset((*(path for _, path in self.places()), self.time_place() or (TIMESTAMP,)))

    def time_place(self) -> Path | None:
        """The path of the event time; None when the arrival is taken."""
        if self.time_mode == "ingest":
            return None
        return parse_path(dict(self.mapping).get(TIMESTAMP, TIMESTAMP))
