"""Walks over a pattern's tree: its atoms, its tags in text order, and which of them are arrays."""

from __future__ import annotations

from collections.abc import Iterator

from slac.language.patterns.tree import (
    And,
    AnyPattern,
    At,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Not,
    Or,
    Repeat,
    Schedule,
    While,
    Within,
)


def children(pattern: AnyPattern) -> tuple[AnyPattern, ...]:
    """The patterns directly in a pattern, in text order."""
    match pattern:
        case Every(child=child) | Distinct(child=child) | Not(child=child):
            return (child,)
        case Within(child=child) | While(child=child):
            return (child,)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Followed(left=left, right=right):
            return left, right
        case Repeat(child=child, until=until):
            return (child,) if until is None else (child, until)
        case Atom() | Interval() | At() | Schedule():
            return ()


def atoms(pattern: AnyPattern) -> Iterator[Atom]:
    """All atoms, in text order."""
    if isinstance(pattern, Atom):
        yield pattern
    for child in children(pattern):
        yield from atoms(child)


def tags(pattern: AnyPattern) -> tuple[str, ...]:
    """The tags that a match of the pattern may bind, each once, in text order; not those under `not`."""
    match pattern:
        case Atom(name=name):
            return () if name is None else (name,)
        case Not():
            return ()
        case _:
            return tuple(dict.fromkeys(t for child in children(pattern) for t in tags(child)))


def twice(pattern: AnyPattern) -> Iterator[str]:
    """Tags that one match would bind twice: those that stand in two parts which are not alternatives."""
    parts = children(pattern)
    if not isinstance(pattern, Or):
        bound = [t for part in parts for t in tags(part)]
        yield from (t for t in bound if bound.count(t) > 1)
    for part in parts:
        yield from twice(part)


def arrays(pattern: AnyPattern) -> frozenset[str]:
    """The tags that hold several events: those that are repeated."""
    match pattern:
        case Not():
            return frozenset()
        case Repeat(child=child, until=until):
            return frozenset(tags(child)) | (arrays(until) if until is not None else frozenset())
        case _:
            return frozenset().union(*(arrays(c) for c in children(pattern)))
