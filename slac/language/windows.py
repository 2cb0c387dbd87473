"""The text of a window: `tumbling 10m`, `hopping 60s every 10s`, `same`."""

import re
from typing import Literal, NamedTuple

from slac.language.durations import format_duration, parse_duration

NOT_BUILT = frozenset({"sliding", "session", "calendar", "running"})
"""Kinds of windows that the language names and this version does not build."""

_KINDS = "tumbling 10m, hopping 60s every 10s, or same"


class WindowText(NamedTuple):
    """What a window's text says; sizes in microseconds, 0 for `same`."""

    kind: Literal["tumbling", "hopping", "same"]
    size_us: int
    every_us: int


def kind_of(text: str) -> str:
    """The first word."""
    return text.split(maxsplit=1)[0] if text.strip() else ""


def parse_window(text: str) -> WindowText:
    """Kind, size and step. Raises ValueError, also for the kinds in `NOT_BUILT`: ask `kind_of` before."""
    match text.split():
        case ["same"]:
            return WindowText("same", 0, 0)
        case ["tumbling", size]:
            length = _length(size)
            return WindowText("tumbling", length, length)
        case ["hopping", size, "every", every]:
            return _hopping(_length(size), _length(every))
        case ["hopping", size]:
            raise ValueError(f'a hopping window needs its step: write "hopping {size} every …"')
    if re.match(r"\s*[0-9]", text):
        raise ValueError(f'"{text.strip()}" does not say its kind: write "tumbling {text.strip()}" (or {_KINDS})')
    raise ValueError(f'"{text.strip()}" is not a window: write it like {_KINDS}')


def _length(text: str) -> int:
    length = parse_duration(text)
    if length <= 0:
        raise ValueError("a window is longer than zero")
    return length


def _hopping(size: int, every: int) -> WindowText:
    if every > size:
        raise ValueError(
            f"a step of {format_duration(every)} is longer than the window of {format_duration(size)}, "
            "so that events would fall between windows"
        )
    return WindowText("hopping", size, every)
