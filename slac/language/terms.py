"""The leaves of a document: references, SQL as it was written, adapter settings, and defaults that were filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from slac.diagnostics import Position, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A name that points at something: a block, a type, a column (`l.value`), an adapter, a node."""

    name: str
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text that stands unchanged on one line of the source.

    `offset` and `length` count code points of the text; `start` is where the first of them stands.
    """

    offset: int
    length: int
    start: Position

    def at(self, offset: int) -> Position:
        """The source position of the text's code point `offset`, which must lie in this segment (or at its end)."""
        return Position(self.start.line, self.start.column + offset - self.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """An SQL expression as written.

    `span` covers the text without the quotes of YAML where the text stands unchanged in the source. `segments` say
    which parts of the text stand where; parts that come from an escape or a substitution have none.
    """

    text: str
    span: Span
    path: str = ""
    segments: tuple[Segment, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether code point i of `text` is the i-th code point after `span.start` on the same line."""
        if len(self.segments) != 1:
            return False
        only = self.segments[0]
        return only.offset == 0 and only.length == len(self.text) and only.start == self.span.start

    def locate(self, start: int, end: int) -> Span:
        """The place of the code points `[start, end)` of `text`; the whole span where that cannot be told."""
        last = max(start, end - 1)
        first_segment, last_segment = self._segment(start), self._segment(last)
        if first_segment is None or last_segment is None:
            return self.span
        return Span(self.span.source, first_segment.at(start), last_segment.at(last + 1))

    def _segment(self, offset: int) -> Segment | None:
        return next((s for s in self.segments if s.offset <= offset < s.offset + s.length), None)


Step: TypeAlias = str | int
"""One step into nested settings: the key of a mapping or the index of a sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of an adapter: plain data (dict, list, str, int, float, bool, None), with the place of every part.

    `spans` maps the steps to a nested node to its place; `key_span` is where the setting's name stands.
    """

    value: Any
    span: Span
    key_span: Span
    path: str = ""
    spans: Mapping[tuple[Step, ...], Span] = field(default_factory=dict, repr=False, compare=False)

    def span_at(self, *steps: Step) -> Span:
        """The place of the nested value at `steps`, or of the nearest value around it."""
        while steps:
            if steps in self.spans:
                return self.spans[steps]
            steps = steps[:-1]
        return self.span


@dataclass(frozen=True, slots=True)
class DefaultFilled:
    """A default that the reader put where the document said nothing: the path and the value as one would write it."""

    path: str
    value: str
