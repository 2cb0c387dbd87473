"""What an expression may name: the columns of a stream, join aliases, and whose words to use in a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.scalar.function import Function
from slac.plan.signatures import DURATION, TIMESTAMP
from slac.stream.batch import TIME, WINDOW_START
from slac.stream.types import Field, Schema

__all__ = ["Scope"]

EVENT_TIME = Column(name=TIME, dtype=TIMESTAMP, nullable=False)
"""What `EVENT_TIME()` reads."""

_WINDOW: Mapping[str, AnyExpr] = {
    "window_start": Column(name=WINDOW_START, dtype=TIMESTAMP, nullable=False),
    # The time of a window's row is its last instant: design §3.
    "window_end": Call(
        function="+",
        args=(EVENT_TIME, Literal(value=1, dtype=DURATION, nullable=False)),
        dtype=TIMESTAMP,
        nullable=False,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that an expression sees.

    `columns` maps a name to what it stands for; `qualified` does so for `alias.name` (a join alias, `payload`,
    `context`). `ambiguous` maps a name that could be several to the qualified names to choose from. `keys` are the
    names, as a document writes them (`module`, `l.zone`), that an aggregate select may use outside an aggregate.
    `hidden` maps a name that exists, but not here, to the reason. Items of the lists `from_zero` count from 0.
    `stream` says in a message whose columns these are (`stream "runs"`), `path` where the expression stands.
    `functions` are those of the document's own, by their names in capitals.
    """

    columns: Mapping[str, AnyExpr] = field(default_factory=dict)
    qualified: Mapping[str, Mapping[str, AnyExpr]] = field(default_factory=dict)
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    hidden: Mapping[str, str] = field(default_factory=dict)
    from_zero: frozenset[str] = frozenset()
    stream: str = "this stream"
    path: str = ""
    functions: Mapping[str, Function] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Schema, *, stream: str, path: str = "", windowed: bool = False) -> Scope:
        """The columns of a stream by their own names; with `window_start` and `window_end` where it is windowed."""
        columns = {f.name: column_of(f) for f in schema.fields}
        return cls(columns={**_WINDOW, **columns} if windowed else columns, stream=stream, path=path)

    def with_alias(self, alias: str, schema: Schema, *, prefix: str | None = None, nullable: bool = False) -> Scope:
        """Also `alias.name` for every column of `schema`, physically `prefix` + name (by default `alias.`).

        `nullable`: all of them may be NULL, as after a join that may find nothing. `payload` and `context` of a raw
        event, whose columns have bare names, take `prefix=""`.
        """
        lead = f"{alias}." if prefix is None else prefix
        columns = {f.name: column_of(f, prefix=lead, nullable=nullable) for f in schema.fields}
        return replace(self, qualified={**self.qualified, alias: columns})

    def without_window(self, why: str) -> Scope:
        """The same names without `window_start` and `window_end`, and the reason for that."""
        columns = {n: e for n, e in self.columns.items() if _WINDOW.get(n) is not e}
        gone = {n: why for n in self.columns if n not in columns}
        return replace(self, columns=columns, hidden={**self.hidden, **gone})

    def with_until(self, end: Field) -> Scope:
        """Also `until`, where an event ends that is an interval: a timestamp, or a duration from its time on."""
        column: AnyExpr = column_of(end)
        if end.dtype == DURATION:
            column = Call(function="+", args=(EVENT_TIME, column), dtype=TIMESTAMP, nullable=end.nullable)
        return replace(self, columns={"until": column, **self.columns})

    def with_keys(self, keys: frozenset[str]) -> Scope:
        """The same names, of which `keys` are constant within a group."""
        return replace(self, keys=keys)

    def at(self, path: str, functions: Mapping[str, Function] | None = None) -> Scope:
        """The same names for an expression that stands elsewhere, in a document with these functions of its own."""
        return replace(self, path=path, functions=self.functions if functions is None else functions)

    def names(self) -> Iterator[str]:
        """All names as one can write them: bare ones first."""
        yield from self.columns
        for alias, columns in self.qualified.items():
            yield from (f"{alias}.{name}" for name in columns)


def column_of(spec: Field, *, prefix: str = "", nullable: bool = False) -> Column:
    """The column of a field, under its physical name."""
    return Column(name=prefix + spec.name, dtype=spec.dtype, nullable=spec.nullable or nullable)
