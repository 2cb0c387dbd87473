"""Which parts of a scalar's text stand unchanged in the source, and where: the way back from SQL to the file."""

from collections.abc import Iterator

from slac.diagnostics import Position
from slac.language.terms import Segment


def segments_of(text: str, lines: list[str], start: Position, end: Position, style: str | None) -> tuple[Segment, ...]:
    """The segments of a scalar that stands from `start` to `end`; none where an escape or a fold hides the way."""
    if style is None and start.line == end.line and end.column - start.column == len(text):
        return (Segment(0, len(text), start),) if text else ()
    segments: list[Segment] = []
    cursor = 0
    for content, place in _contents(lines, start, end, style):
        while cursor < len(text) and text[cursor].isspace() and not text.startswith(content, cursor):
            cursor += 1
        if not text.startswith(content, cursor):
            return ()
        segments.append(Segment(cursor, len(content), place))
        cursor += len(content)
        if not text[cursor:].strip():
            break
    return tuple(segments) if not text[cursor:].strip() else ()


def _contents(lines: list[str], start: Position, end: Position, style: str | None) -> Iterator[tuple[str, Position]]:
    """Each source line's part of the scalar without the blanks around it, and where it begins."""
    quoted = style in ("'", '"')
    if quoted and start.line == end.line:
        yield lines[start.line - 1][start.column : end.column - 2], Position(start.line, start.column + 1)
        return
    first = start.line + 1 if style in ("|", ">") else start.line
    for number in range(first, min(end.line, len(lines)) + 1):
        line = lines[number - 1]
        begin = start.column - 1 + quoted if number == start.line else 0
        stop = end.column - 1 - quoted if number == end.line else len(line)
        part = line[begin:stop]
        content = part.strip()
        if content:
            yield content, Position(number, begin + len(part) - len(part.lstrip()) + 1)
