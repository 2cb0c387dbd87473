"""What a partial match holds: events by tag, and when its first one came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from slac.language.patterns.tree import Atom, Text

Bound: TypeAlias = Any
"""What stands behind a tag: a row (whatever the caller's events give), or a tuple of rows under a repeat."""


@dataclass(frozen=True, slots=True, eq=False)
class Bindings:
    """Rows by tag; `first` is when the match began (µs): its first event, or the start of a leading timer or `not`."""

    tags: Mapping[str, Bound] = field(default_factory=dict)
    first: int | None = None

    def bound(self, name: str | None, row: Bound, at: int) -> Bindings:
        """With one more row, at a time that is no earlier than all before."""
        tags = self.tags if name is None else {**self.tags, name: row}
        return Bindings(tags, at if self.first is None else self.first)

    def since(self, start: int) -> Bindings:
        """The same, begun at `start` where nothing has begun it before."""
        return self if self.first is not None else Bindings(self.tags, start)

    def joined(self, other: Bindings) -> Bindings:
        """The tags of both, begun where the earlier of them began."""
        firsts = [f for f in (self.first, other.first) if f is not None]
        return Bindings({**self.tags, **other.tags}, min(firsts, default=None))


NOTHING = Bindings()


class Event(Protocol):
    """One event as the evaluator sees it."""

    @property
    def mask(self) -> int:
        """Bit i is set where the event is of the stream of atom i and meets what can be told of it alone."""
        ...

    def row(self, atom: int) -> Bound:
        """What atom i binds."""
        ...


class Meaning(Protocol):
    """What the texts of a pattern mean: given by the caller, so that the evaluator knows nothing of columns."""

    def fits(self, atom: Atom, row: Bound, bindings: Bindings) -> bool:
        """Whether a row meets those conditions of an atom that look at earlier events too."""
        ...

    def value(self, text: Text, bindings: Bindings) -> Any:
        """The value of an expression over tags; None for NULL."""
        ...
