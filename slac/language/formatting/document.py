"""A document in its one form, or as it was where that form would lose something."""

from __future__ import annotations

from typing import Final

from slac.diagnostics import Diagnostic, Position, Severity, Source, Span
from slac.language.formatting.comments import comments_of, indent_comments, one_blank_line
from slac.language.formatting.layout import lay_out
from slac.language.formatting.order import order_of_effect
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import plain

_ROUNDS: Final = 4
"""A form that has not settled by then is not used."""


def format_document(source: Source) -> tuple[str | None, list[Diagnostic]]:
    """The text in its one form; None with the findings where the source is not YAML that slac reads.

    What comes out is a fixed point: formatted again, it stays as it is. It has the same values and the same comments;
    where that cannot be had the text is None too, and the finding says so.
    """
    tree, found = compose(source)
    if tree is None or any(d.severity is Severity.ERROR for d in found):
        return None, found
    text = source.text
    for _ in range(_ROUNDS):
        formatted = _once(Source(source.name, text))
        if formatted is None or not _same(source.text, formatted):
            return None, [_not_kept(source)]
        if formatted == text:
            return text, []
        text = formatted
    return None, [_not_kept(source)]


def _once(source: Source) -> str | None:
    ordered = order_of_effect(source)
    laid_out = lay_out(ordered)
    return None if laid_out is None else one_blank_line(indent_comments(ordered, laid_out))


def _same(one: str, other: str) -> bool:
    """Whether two texts hold equal values and equal comments; the order of comments may follow that of keys."""
    trees = [compose(Source("", text))[0] for text in (one, other)]
    if None in trees:
        return False
    return plain(trees[0]) == plain(trees[1]) and comments_of(one) == comments_of(other)  # type: ignore[arg-type]


def _not_kept(source: Source) -> Diagnostic:
    return Diagnostic(
        code="format/not-kept",
        summary="formatting would not keep this document as it is, so it is left alone",
        span=Span(source, Position(1, 1), Position(1, 2)),
        suggestion="comments inside [ ] or { } and anchors are what most often stands in the way",
    )
