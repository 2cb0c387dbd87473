"""Text that the parser gave up on: in words of ours, at the best place there is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from slac.compiler.sql.context import Context
from slac.compiler.sql.parser import Unreadable

__all__ = ["explain"]

_EXPECTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Expecting )": ("a bracket is not closed", "add )"),
        "Expecting (": ("a bracket is missing", "add ("),
        "Expected END after CASE": ("CASE has no END", "write CASE WHEN … THEN … ELSE … END"),
        "Expected AS after CAST": ("CAST has no type", "write CAST(x AS int)"),
        "a quote is opened and not closed": (
            "a quote is opened and not closed",
            "close it, or write a quote in text as ''",
        ),
    }
)


def explain(error: Unreadable, context: Context) -> None:
    """Note what could not be read."""
    text = context.sql.text
    written = text[error.start : error.end]
    at = (error.start, error.end)
    if error.message in _EXPECTED:
        summary, suggestion = _EXPECTED[error.message]
        context.error("sql/syntax", summary, at, suggestion)
    elif "missing for" in error.message:
        context.error("sql/syntax", f"something is missing next to {written}", at)
    else:
        before = text[: error.start].split()
        where = f" after {before[-1]}" if before else ""
        context.error(
            "sql/syntax", f"{written} cannot stand here{where}", at, _hint(text, error.start) if before else ""
        )


def _hint(text: str, start: int) -> str:
    """Two operands side by side are the usual reason."""
    word = text[start : start + 1]
    return "is an operator (AND, OR, =, …) missing?" if word.isalnum() or word in "'\"_" else ""
