"""A look at the tokens before they are parsed.

What the parser would take for something else is refused here, exactly where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

from slac.compiler.sql.literals import UNITS
from slac.compiler.sql.refused import SYMBOLS, TYPOGRAPHIC, WORDS

__all__ = ["DEEPEST", "Problem", "problems"]

DEEPEST: Final = 24
"""Levels of brackets and CASE that an expression may have."""

_ALLOWED: Final = frozenset(
    {
        "(",
        ")",
        ",",
        ".",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "^",
        "||",
        "=",
        "!=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "::",
        "[",
        "]",
    }
)
_KNOWN: Final = _ALLOWED | {"}"}
"""With brackets whose opening one has been refused already."""
_OTHER_TEXT: Final = frozenset(
    {
        TokenType.BIT_STRING,
        TokenType.BYTE_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.HEX_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.RAW_STRING,
        TokenType.UNICODE_STRING,
    }
)
_GAPS: Final = frozenset(
    {
        (TokenType.L_PAREN, TokenType.COMMA),
        (TokenType.COMMA, TokenType.COMMA),
        (TokenType.COMMA, TokenType.R_PAREN),
    }
)
_OPENING, _CLOSING = frozenset({"(", "[", "CASE"}), frozenset({")", "]", "END"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A stretch of code points that cannot be, why, and what to write instead."""

    code: str
    summary: str
    start: int
    end: int
    suggestion: str = ""


def problems(tokens: Sequence[Token], text: str) -> Iterator[Problem]:
    """Everything that the tokens alone tell."""
    previous: Token | None = None
    casts: list[bool] = []
    for token in tokens:
        yield from _alone(token, text, in_cast=any(casts))
        if previous is not None:
            yield from _together(previous, token)
        _track(token, previous, casts)
        previous = token
    yield from _comments(tokens, text)
    yield from _too_deep(tokens)


def _written(token: Token, text: str) -> str:
    return text[token.start : token.end + 1]


def _alone(token: Token, text: str, *, in_cast: bool) -> Iterator[Problem]:
    written = _written(token, text)
    start, end = token.start, token.end + 1
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER):
        return
    if any(c in TYPOGRAPHIC for c in written):
        yield Problem(
            "sql/quotes", f"{written} has typographic quotes", start, end, "text takes straight quotes: 'text'"
        )
        return
    if token.token_type in _OTHER_TEXT:
        yield Problem("sql/not-allowed", f"{written} is not in the language", start, end, "text is 'text'")
        return
    if written.upper() in WORDS and not (written.upper() == "AS" and in_cast):
        summary, suggestion = WORDS[written.upper()]
        yield Problem("sql/not-allowed", summary, start, end, suggestion)
    elif not (written[0].isalpha() or written[0] == "_") and written not in _KNOWN:
        summary, suggestion = SYMBOLS.get(written, (f'"{written}" is not in the language', ""))
        yield Problem("sql/not-allowed", summary, start, end, suggestion)


def _together(first: Token, second: Token) -> Iterator[Problem]:
    start, end = first.start, second.end + 1
    touching = first.end + 1 == second.start
    kinds = first.token_type, second.token_type
    if kinds == (TokenType.NUMBER, TokenType.VAR) and touching:
        written = f"{first.text}{second.text}"
        hint = f"a length of time is written INTERVAL '{written}'" if second.text.lower() in UNITS else ""
        yield Problem("sql/syntax", f"{written} is neither a number nor a name", start, end, hint)
    elif kinds == (TokenType.STRING, TokenType.STRING):
        yield Problem("sql/syntax", "two texts side by side", start, end, "join them with ||, or write a quote as ''")
    elif kinds in _GAPS:
        yield Problem("sql/syntax", "an argument is missing", start, end)
    elif kinds == (TokenType.VAR, TokenType.STRING) and touching:
        yield Problem("sql/not-allowed", f"{first.text}'…' is not in the language", start, end, "text is 'text'")


def _comments(tokens: Sequence[Token], text: str) -> Iterator[Problem]:
    """What stands between tokens. Below `|` a comment ends with its line; elsewhere it would eat the rest."""
    if "\n" in text:
        return
    ends = [0, *(token.end + 1 for token in tokens)]
    starts = [*(token.start for token in tokens), len(text)]
    for start, end in zip(ends, starts, strict=True):
        comment = text[start:end].strip()
        if comment:
            at = text.index(comment, start)
            yield Problem(
                "sql/not-allowed", "a comment in an expression", at, at + len(comment), "comments are YAML's: `# …`"
            )


def _track(token: Token, previous: Token | None, casts: list[bool]) -> None:
    """Which of the open brackets are CAST's."""
    if token.token_type == TokenType.L_PAREN:
        casts.append(previous is not None and previous.text.upper() in ("CAST", "TRY_CAST"))
    elif token.token_type == TokenType.R_PAREN and casts:
        casts.pop()


def _too_deep(tokens: Sequence[Token]) -> Iterator[Problem]:
    depth = 0
    for token in tokens:
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        word = token.text.upper()
        depth += (word in _OPENING) - (word in _CLOSING)
        if depth > DEEPEST:
            yield Problem(
                "sql/too-deep",
                f"more than {DEEPEST} levels of brackets",
                token.start,
                token.end + 1,
                "compute a part of it in a column of its own",
            )
            return
