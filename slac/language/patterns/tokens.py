"""Words and signs of a pattern's text, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from slac.language.patterns.errors import PatternSyntaxError

Kind = Literal["word", "number", "sign", "end"]

_SKIP = re.compile(r"\s+")
_WORD = re.compile(
    r"every-distinct\b|timer:[A-Za-z]+|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.IGNORECASE
)
_NUMBER = re.compile(r"[0-9]+")
_SIGN = re.compile(r"->|-\[|\]>|[()\[\]=:,]")
_QUOTES: Final = "'\""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign and the code points `[start, end)` where it stands."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The text of a word in small letters, to be compared with words of the language; empty for all else."""
        return self.text.lower() if self.kind == "word" else ""


def token_at(text: str, at: int) -> Token:
    """The token that begins at or behind `at`; PatternSyntaxError for a character that begins none."""
    skipped = _SKIP.match(text, at)
    start = skipped.end() if skipped else at
    if start == len(text):
        return Token("end", "", start, start)
    for kind, pattern in (("word", _WORD), ("number", _NUMBER), ("sign", _SIGN)):
        found = pattern.match(text, start)
        if found:
            return Token(kind, found.group(), start, found.end())  # type: ignore[arg-type]
    raise PatternSyntaxError(f'"{text[start]}" has no meaning in a pattern', start, start + 1)


def closing(text: str, at: int) -> int:
    """Where the bracket closes that opens right before `at`; quotes and inner brackets are passed over."""
    pairs, open_signs, quote = {"(": ")", "[": "]", "{": "}"}, [text[at - 1]], ""
    for place in range(at, len(text)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in _QUOTES:
            quote = sign
        elif sign in pairs:
            open_signs.append(sign)
        elif sign in pairs.values():
            if pairs[open_signs.pop()] != sign:
                break
            if not open_signs:
                return place
    raise PatternSyntaxError(f'"{text[at - 1]}" is opened and not closed', at - 1, at)


def pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of `text[start:end]` between commas that stand in no bracket and no quote, without blanks."""
    found, begin, depth, quote = [], start, 0, ""
    for place in range(start, end):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in _QUOTES:
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
            if sign == "," and depth == 0:
                found.append((begin, place))
                begin = place + 1
    found.append((begin, end))
    return [_stripped(text, a, b) for a, b in found] if text[start:end].strip() else []


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
