"""How long a condition must hold, as people write it: `2 windows`, or `10m` of event time."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from slac.language.doubts import doubt
from slac.language.durations import parse_duration

_COUNT: Final = re.compile(r"([0-9]{1,9}) *(?:windows?|rows?)")


class Lasting(NamedTuple):
    """Rows in a row, or a length of time (µs) from the first to the last of them; the other one is 1, or 0."""

    rows: int
    time_us: int


def parse_lasting(text: str) -> Lasting:
    """Raises ValueError with a sentence."""
    found = _COUNT.fullmatch(text.strip())
    if found is not None and int(found[1]) < 1:
        raise ValueError(f'"{text}" is nothing: a condition holds for 1 window at least')
    if found is not None:
        return Lasting(int(found[1]), 0)
    try:
        length = parse_duration(text)
    except ValueError as error:
        if doubt(text.strip()):
            raise ValueError(f"{error}; or count rows, like 2 windows or 3 rows") from None
        raise ValueError(
            f'"{text}" is not how long a condition holds: write it like 2 windows, 3 rows or 10m'
        ) from None
    if length == 0:
        raise ValueError('"for" is longer than zero: leave it out where the first row decides')
    return Lasting(1, length)
