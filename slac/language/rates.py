"""How often something happens: `2000/s`, `100/m`, and bursts, `400/s for 30s`."""

import re
from typing import Final

from slac.language.document import Rate
from slac.language.durations import parse_duration

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_RATE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([kM]?)\s*/\s*(ms|s|m|h|d)")
_FACTOR: Final = {"": 1.0, "k": 1e3, "M": 1e6}
_EXAMPLE = "write it like 50/s, 2k/s or 100/m (units: ms, s, m, h, d)"


def parse_rate(text: str) -> Rate:
    """A number of events per time. Raises ValueError for anything else, and for a rate of nothing."""
    cleaned = text.strip()
    found = _RATE.fullmatch(cleaned)
    if found is None:
        hint = f"{cleaned} a second is written {cleaned}/s; " if re.fullmatch(r"[0-9.]+", cleaned) else ""
        raise ValueError(f'"{cleaned}" is not a rate: {hint}{_EXAMPLE}')
    per_second = float(found[1]) * _FACTOR[found[2]] / _SECONDS[found[3]]
    if per_second <= 0:
        raise ValueError(f'"{cleaned}" is a rate of nothing: a rate is above zero')
    return Rate(per_second)


def parse_burst(text: str) -> tuple[Rate, int]:
    """A rate and for how many microseconds it holds: `400/s for 30s`. Raises ValueError for anything else."""
    rate, word, duration = text.strip().partition(" for ")
    if not word:
        raise ValueError(f'"{text.strip()}" is not a burst: write a rate and how long it lasts, like 400/s for 30s')
    lasts = parse_duration(duration)
    if lasts <= 0:
        raise ValueError(f'"{text.strip()}" lasts no time: a burst is longer than zero')
    return parse_rate(rate), lasts
