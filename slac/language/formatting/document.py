"""A document in its one form, or as it was where that form would lose something."""

from __future__ import annotations

from typing import Final

from slac.diagnostics import Diagnostic, Position, Severity, Source, Span
from slac.language.cuts import check_cuts
from slac.language.findings import Findings
from slac.language.formatting.comments import comments_of, indent_comments, one_blank_line
from slac.language.formatting.layout import lay_out
from slac.language.formatting.order import order_of_effect
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import Node, plain

_ROUNDS: Final = 4
"""A form that has not settled by then is not used."""


def format_document(source: Source) -> tuple[str | None, list[Diagnostic]]:
    """The text in its one form; None with the findings where the source is not YAML that slac reads.

    SQL that YAML cuts in two is such a finding: formatted, its second half would look as if it were meant.
    What comes out is a fixed point: formatted again, it stays as it is. It has the same values and the same comments;
    where that cannot be had the text is None too, and the finding says so.
    """
    tree, found = compose(source)
    if tree is None or any(d.severity is Severity.ERROR for d in found):
        return None, found
    cuts = Findings()
    check_cuts(tree, cuts)
    if cuts.diagnostics:
        return None, cuts.diagnostics
    text = _settled(source)
    if text is None or not (text == source.text or _same(tree, source.text, text)):
        return None, [_not_kept(source)]
    return text, []


def _settled(source: Source) -> str | None:
    """The text formatted until that changes nothing more; None where it fails or does not settle."""
    text = source.text
    for _ in range(_ROUNDS):
        formatted = _once(Source(source.name, text))
        if formatted is None or formatted == text:
            return formatted
        text = formatted
    return None


def _once(source: Source) -> str | None:
    ordered = order_of_effect(source)
    laid_out = lay_out(ordered)
    return None if laid_out is None else one_blank_line(indent_comments(ordered, laid_out))


def _same(tree: Node, before: str, after: str) -> bool:
    """Whether a text holds the values of a tree and the comments of the text before, in whatever order keys stand."""
    other, _ = compose(Source("", after))
    return other is not None and plain(other) == plain(tree) and comments_of(before) == comments_of(after)


def _not_kept(source: Source) -> Diagnostic:
    return Diagnostic(
        code="format/not-kept",
        summary="formatting would not keep this document as it is, so it is left alone",
        span=Span(source, Position(1, 1), Position(1, 2)),
        suggestion="comments inside [ ] or { } and anchors are what most often stands in the way",
    )
