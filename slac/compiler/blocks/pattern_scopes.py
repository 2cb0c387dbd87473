"""What each expression of a pattern may name: the event at hand, and the tags that are bound when it is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import scope_of
from slac.compiler.draft import EventType
from slac.compiler.sql import Scope, translate
from slac.language.pattern_decls import PatternDecl
from slac.language.patterns import (
    And,
    AnyPattern,
    At,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Length,
    Not,
    Or,
    Repeat,
    Schedule,
    Text,
    While,
    Within,
    tags,
)
from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.nodes import AnyNode
from slac.plan.signatures import DURATION, FLOAT, INT, NULL, TIMESTAMP
from slac.stream.batch import TIME
from slac.stream.types import List, Struct

__all__ = ["Port", "Tag", "texts_of"]

_SECOND = Literal(value=1_000_000, dtype=DURATION, nullable=False)
_EVENT_TIME = "event_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A stream that a pattern reads, under the name that its text uses."""

    node: AnyNode
    name: str
    event: EventType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag that is bound: the stream of its rows, whether it holds several, whether it may hold none."""

    port: Port
    array: bool = False
    nullable: bool = False

    def columns(self, name: str) -> dict[str, AnyExpr]:
        """Each column of its row; the row's time as `event_time`, unless it has a column of that name."""
        time = Column(name=f"{name}.{TIME}", dtype=TIMESTAMP, nullable=self.nullable)
        maybe, fields = self.nullable, self.port.node.schema.fields
        own = {f.name: Column(name=f"{name}.{f.name}", dtype=f.dtype, nullable=f.nullable or maybe) for f in fields}
        return {_EVENT_TIME: time, **own}

    def column(self, name: str) -> Column:
        """All its rows, as a list."""
        item = Struct(self.port.node.schema.fields)
        return Column(name=f"{name}[]", dtype=List(item), nullable=self.nullable)


Bound = Mapping[str, Tag]


@dataclass(slots=True)
class _Typer:
    """The walk over a pattern; `typed` gets the expression of each text, None where it is wrong."""

    block: PatternDecl
    lowering: Lowering
    ports: Sequence[Port]
    typed: list[AnyExpr | None] = field(default_factory=list)

    def visit(self, pattern: AnyPattern, bound: Bound) -> dict[str, Tag]:
        """Type the texts of a pattern where `bound` is known; returns what a match of it binds."""
        match pattern:
            case Atom():
                return self._atom(pattern, bound)
            case Every(child=child) | Not(child=child):
                given = self.visit(child, bound)
                return given if isinstance(pattern, Every) else {}
            case Distinct() | Within() | While():
                return self._watched(pattern, bound)
            case And(parts=parts):
                return {n: t for p in parts for n, t in self.visit(p, bound).items()}
            case Or(parts=parts):
                return _nullable({n: t for p in parts for n, t in self.visit(p, bound).items()})
            case Followed(left=left, right=right):
                first = self.visit(left, bound)
                return {**first, **self.visit(right, {**bound, **first})}
            case Repeat():
                return self._repeat(pattern, bound)
            case Interval() | At() | Schedule():
                self._length(getattr(pattern, "length", None), bound)
                return {}

    def _watched(self, pattern: Distinct | Within | While, bound: Bound) -> dict[str, Tag]:
        """One pattern, and a say in its matches."""
        given = self.visit(pattern.child, bound)
        known = {**bound, **given}
        match pattern:
            case Distinct(keys=keys, forget=forget):
                for key in keys:
                    self._text(key, self._tags(known))
                self._length(forget, bound)
            case Within(length=length, at_most=at_most):
                self._length(length, bound)
                self._count(at_most, bound)
            case While(condition=condition):
                self._text(condition, self._tags(known), condition=True)
        return given

    def _atom(self, atom: Atom, bound: Bound) -> dict[str, Tag]:
        port = self.ports[atom.index]
        scope = scope_of(port.node, port.name, port.event)
        if atom.name is not None:
            scope = scope.with_alias(atom.name, port.node.schema, prefix="")
        scope = self._tags({n: t for n, t in bound.items() if n != atom.name}, scope, own=atom.name)
        for condition in atom.conditions:
            self._text(condition, scope, condition=True)
        return {} if atom.name is None else {atom.name: Tag(port=port)}

    def _repeat(self, pattern: Repeat, bound: Bound) -> dict[str, Tag]:
        self._count(pattern.low, bound)
        if pattern.high != pattern.low:
            self._count(pattern.high, bound)
        gathered = {n: replace(t, array=True) for n, t in self.visit(pattern.child, bound).items()}
        if pattern.until is None:
            return gathered
        return {**_nullable(gathered), **self.visit(pattern.until, bound)}

    def _length(self, length: Length | None, bound: Bound) -> None:
        """A length is a duration; a number counts seconds."""
        if length is None or length.given is None:
            return
        expr = self._text(length.given, self._tags(bound))
        if expr is None or expr.dtype == DURATION:
            return
        if expr.dtype in (INT, FLOAT):
            seconds = Call(function="*", args=(expr, _SECOND), dtype=DURATION, nullable=True)
            self.typed[length.given.index] = seconds
            return
        self._mistyped(length.given, expr, "a length of time is a duration, or a number of seconds")

    def _count(self, count: int | Text | None, bound: Bound) -> None:
        if isinstance(count, Text):
            expr = self._text(count, self._tags(bound))
            if expr is not None and expr.dtype not in (INT, NULL):
                self._mistyped(count, expr, "how often is an int")

    def _mistyped(self, text: Text, expr: AnyExpr, wanted: str) -> None:
        self.lowering.say("types/mismatch", f"{wanted}, but {text.sql} is {expr.dtype}", self.block.texts[text.index])

    def _text(self, text: Text, scope: Scope, *, condition: bool = False) -> AnyExpr | None:
        sql = self.block.texts[text.index]
        result = translate(sql, scope.at(sql.path, self.lowering.functions(sql)), condition=condition)
        self.lowering.found += result.diagnostics
        self.typed[text.index] = result.expr
        return result.expr

    def _tags(self, bound: Bound, scope: Scope | None = None, own: str | None = None) -> Scope:
        """The scope with all that is bound, and the reason why other tags cannot be used."""
        scope = scope or Scope(stream=f'the pattern "{self.block.name}"')
        several = {n: t.column(n) for n, t in bound.items() if t.array}
        single = {n: t.columns(n) for n, t in bound.items() if not t.array}
        hidden = {n: _WHY for n in tags_anywhere(self.block) if n not in bound and n != own}
        return replace(
            scope,
            columns={**several, **scope.columns},
            qualified={**scope.qualified, **single},
            from_zero=frozenset(n for n in several if n not in scope.columns),
            hidden=hidden,
        )


_WHY = "only tags of events that came before are known: those left of an arrow, not other parts of an `and` or `or`"


def texts_of(
    block: PatternDecl, lowering: Lowering, ports: Sequence[Port]
) -> tuple[list[AnyExpr | None], dict[str, Tag]]:
    """The typed expression of each text, and what a match binds; `ports` are those of the atoms, by number."""
    typer = _Typer(block, lowering, ports, [None] * len(block.texts))
    bound = typer.visit(block.tree, {})
    return typer.typed, {n: bound[n] for n in tags(block.tree)}


def tags_anywhere(block: PatternDecl) -> tuple[str, ...]:
    """All tags of a pattern, those under `not` too."""
    return tuple(dict.fromkeys(a.tag for a in block.atoms if a.tag is not None))


def _nullable(given: Bound) -> dict[str, Tag]:
    return {n: replace(t, nullable=True) for n, t in given.items()}
