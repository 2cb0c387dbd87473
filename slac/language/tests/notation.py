"""The compact notation of series: `10+5x3` is 10 15 20, `7x3` is 7 7 7, `text x3` three times the text, `_x2` gaps.

In the spirit of promtool, but `xN` always means N values; there, `0+1x3` makes four.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

MOST: Final = 100_000
"""Values of one column, and rows of one series, at most."""

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_STEPS = re.compile(rf"({_NUMBER})([+-][0-9]+(?:\.[0-9]+)?)x([0-9]{{1,6}})")
_TIMES = re.compile(r"(.*?\S)\s+x([0-9]{1,6})", re.DOTALL)
_REPEATED = re.compile(rf"({_NUMBER}|_|true|false|null)x([0-9]{{1,6}})")


class Gap:
    """The value of a row that does not come."""

    def __repr__(self) -> str:
        return "_"


GAP: Final = Gap()
_WORDS: Final[dict[str, Any]] = {"_": GAP, "true": True, "false": False, "null": None}


def values_of(written: Any) -> tuple[Any, ...]:
    """The values that a column of a series takes in order; ValueError where that is nothing, or too much.

    A text is a sequence of terms with blanks between them; in a list each item is one term, and text stands for
    itself.
    """
    terms = written if isinstance(written, list) else _split(written)
    values = tuple(value for term in terms for value in _term(term, alone=not isinstance(written, list)))
    if not values:
        raise ValueError("there are no values")
    if len(values) > MOST:
        raise ValueError(f"there are {len(values)} values; a series has {MOST} rows at most")
    return values


def _split(written: Any) -> list[Any]:
    return written.split() if isinstance(written, str) else [written]


def _term(term: Any, *, alone: bool) -> list[Any]:
    if not isinstance(term, str):
        return [term]
    if steps := _STEPS.fullmatch(term.strip()):
        first, by, count = Decimal(steps[1]), Decimal(steps[2]), int(steps[3])
        return [_plain(first + by * i) for i in range(count)]
    if repeated := _REPEATED.fullmatch(term.strip()) or _TIMES.fullmatch(term.strip()):
        return [_value(repeated[1], alone=alone)] * int(repeated[2])
    return [_value(term, alone=alone)]


def _value(text: str, *, alone: bool) -> Any:
    """The value of one term; in a list, what looks like a number was typed by YAML before, unless it has an `xN`."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(_NUMBER, text):
        return _plain(Decimal(text))
    if alone:
        raise ValueError(f'"{text}" is not a term like 7, 10+5x3, 7x3 or _x2; text stands in a list: [{text} x3]')
    return text


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() and "." not in str(number) else float(number)
