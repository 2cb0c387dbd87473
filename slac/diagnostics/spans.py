"""Where something stands in a source text."""

from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two characters; line and column count from 1, columns in code points."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """One text that was read: the name that the user gave (a path, or `-`) and its content."""

    name: str
    # Every span holds its source: the text in each repr would drown a failing assertion.
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends."""
        return tuple(self.text.splitlines())

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its end; empty past the last line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of one source; `end` is the first position behind it."""

    source: Source
    start: Position
    end: Position

    def __str__(self) -> str:
        return f"{self.source.name}:{self.start.line}:{self.start.column}"
