"""From PyYAML's marks to our positions and spans."""

from typing import Protocol

from slac.diagnostics import Position, Source, Span


class Mark(Protocol):
    """A place as PyYAML gives it: line and column from 0."""

    line: int
    column: int


def position(mark: Mark) -> Position:
    """The same place, counted from 1."""
    return Position(mark.line + 1, mark.column + 1)


def between(source: Source, start: Mark, end: Mark) -> Span:
    """The stretch between two marks."""
    return Span(source, position(start), position(end))


def at(source: Source, place: Position, length: int = 1) -> Span:
    """`length` characters from a place on."""
    return Span(source, place, Position(place.line, place.column + length))


def at_index(source: Source, index: int) -> Span:
    """The character at a 0-based index of the text."""
    before = source.text[:index].splitlines() or [""]
    if source.text[:index].endswith(("\n", "\r")):
        before.append("")
    return at(source, Position(len(before), len(before[-1]) + 1))
