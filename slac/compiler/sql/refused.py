"""What SQL has and the language has not: symbols, words and functions, each with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_CLOCK = ("sql/not-allowed", "an expression cannot read the clock", "the time of a row is EVENT_TIME()")
_RANDOM = ("sql/not-allowed", "nothing in an expression is random", "")
_NEIGHBOUR = (
    "sql/not-allowed",
    "an expression sees one row, not its neighbours",
    "join the stream with its latest value",
)

FUNCTION_HINTS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        **dict.fromkeys(("NOW", "TODAY", "GETDATE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"), _CLOCK),
        **dict.fromkeys(("RANDOM", "RAND", "UUID", "GEN_RANDOM_UUID"), _RANDOM),
        **dict.fromkeys(("LAG", "LEAD", "ROW_NUMBER", "RANK", "DENSE_RANK", "FIRST_VALUE", "LAST_VALUE"), _NEIGHBOUR),
        "IF": ("names/unknown-function", "no function IF", "write CASE WHEN … THEN … ELSE … END"),
        "IIF": ("names/unknown-function", "no function IIF", "write CASE WHEN … THEN … ELSE … END"),
        "NVL": ("names/unknown-function", "no function NVL", "write COALESCE"),
        "LOG": ("names/unknown-function", "no function LOG", "write LN or LOG10"),
        "MEAN": ("names/unknown-function", "no function MEAN", "write AVG"),
        "AVERAGE": ("names/unknown-function", "no function AVERAGE", "write AVG"),
        "ISNULL": ("names/unknown-function", "no function ISNULL", "write x IS NULL"),
        "TRUNC": ("names/unknown-function", "no function TRUNC", "write FLOOR, CEIL or ROUND"),
        "LATEST": ("names/unknown-function", "no function LATEST", "write LAST"),
        "ANY_VALUE": ("names/unknown-function", "no function ANY_VALUE", "write FIRST or LAST"),
        "EXISTS": ("sql/not-allowed", "an expression has no subqueries", ""),
    }
)
"""Functions that people try, by code, summary and suggestion."""

SYMBOLS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "==": ('"==" is no operator', "write ="),
        "!": ('"!" is no operator', "write NOT, or != for not equal"),
        "&&": ('"&&" is no operator', "write AND"),
        "&": ('"&" is no operator', "write AND"),
        "|": ('"|" is no operator', "write OR, or || to join text"),
        ";": ("one expression, not several statements", ""),
        "->": ('"->" is no operator', "a field of a struct is written a.b"),
        "->>": ('"->>" is no operator', "a field of a struct is written a.b"),
        "=>": ("arguments have no names", ""),
        ":=": ("arguments have no names", ""),
        ":": ('":" is no operator', "a conversion is written x::type"),
        "?": ('"?" is no operator', "write CASE WHEN … THEN … ELSE … END"),
        "@": ('"@" is no operator', "write ABS(x)"),
        "$": ('"$" is no parameter', "a variable of the document is written ${NAME}"),
        "~": ('"~" is no operator', "write REGEXP_MATCHES(text, 'regex')"),
        "~~": ('"~~" is no operator', "write LIKE"),
        "<=>": ('"<=>" is no operator', "write IS NOT DISTINCT FROM"),
        "{": ("the language has no structs in expressions", ""),
        "`": ("no backquotes around a name", 'a name takes none, or "double quotes"'),
        "#": ('"#" is no operator', ""),
        "\\": ("no backslash in SQL", ""),
        "<<": ('"<<" is no operator', ""),
        ">>": ('">>" is no operator', ""),
    }
)
"""Symbols with what is wrong and what to write."""

WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "SELECT": ("an expression, not a query", "write only what would stand behind SELECT"),
        "OVER": ("OVER is not in the language: an expression sees one row", 'use a "window"'),
        "ESCAPE": ("LIKE has no ESCAPE", "write CONTAINS, STARTS_WITH, ENDS_WITH or REGEXP_MATCHES"),
        "AS": ("no AS in an expression", "a column is named by its key: `name: SQL`"),
    }
)
"""Words with what is wrong and what to write; AS is meant outside CAST only."""

TYPOGRAPHIC: Final = "“”„‟«»‘’‚‛‹›"  # noqa: RUF001
"""Quotes that look like SQL's and are not."""
