"""A code frame: the line of the source that a finding is about, with a line of carets below the very place."""

import unicodedata

from slac.diagnostics.spans import Span

_TAB = 4
_WIDEST = 160
_BEFORE = 60


def frame(span: Span) -> list[str]:
    """The arrow line, the source line and the carets, indented so that all frames of a message align by gutter."""
    number = str(span.start.line)
    gutter = " " * max(len(number), 2)
    text, carets = _cropped(*_drawn(span))
    return [
        f"{gutter}--> {span}",
        f"{gutter} |",
        f"{number:>{len(gutter)}} | {text}".rstrip(),
        f"{gutter} | {carets}",
    ]


def gutter_of(span: Span) -> str:
    """The blanks that stand left of the frame's bar."""
    return " " * max(len(str(span.start.line)), 2)


def _drawn(span: Span) -> tuple[str, int, int]:
    """The source line as shown, and the columns (from 0) where the carets begin and end."""
    line = span.source.line(span.start.line)
    last = span.end.column - 1 if span.end.line == span.start.line else len(line.rstrip())
    first = span.start.column - 1
    shown = [_shown(c) for c in line]
    begin = sum(map(_width, shown[:first])) + max(0, first - len(line))
    end = sum(map(_width, shown[:last])) + max(0, last - len(line))
    return "".join(shown), begin, max(end, begin + 1)


def _cropped(text: str, begin: int, end: int) -> tuple[str, str]:
    """Text and carets, cut to a readable stretch around the carets where the line is very long."""
    cut = max(0, begin - _BEFORE) if len(text) > _WIDEST else 0
    shown = text[cut : cut + _WIDEST]
    lead = "…" if cut else ""
    tail = "…" if cut + _WIDEST < len(text) else ""
    carets = min(end - begin, _WIDEST)
    return f"{lead}{shown}{tail}", " " * (begin - cut + len(lead)) + "^" * carets


def _shown(character: str) -> str:
    """A character as it may go to a terminal: tabs as blanks, control characters as a replacement mark."""
    if character == "\t":
        return " " * _TAB
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _width(shown: str) -> int:
    """Terminal cells of what `_shown` gave."""
    if len(shown) > 1:
        return len(shown)
    if unicodedata.combining(shown):
        return 0
    return 2 if unicodedata.east_asian_width(shown) in "WF" else 1
