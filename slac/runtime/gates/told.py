"""What gates tell another runtime of what they have dropped: beside the rows of a link, in a few numbers.

Of each input the stretches in which records were dropped unread, and from when on which threshold held for whole keys
or windows; the latest of both, and of those before them one that holds them all. R of a key is the same everywhere, so
that is all that a receiver needs to know which keys were dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec.structs import replace

from slac.diagnostics import SlacError
from slac.runtime.gates.keys import Steps, Times, Weights
from slac.stream.batch import WEIGHT_ONE

MOST: Final = 24
"""So many stretches, and thresholds, of one input are told."""
LONGEST: Final = 7_000
"""So long (characters) is a text at most, which is a part of the header of a message: of many inputs less is told."""

EVER: Final = 1 << 62
"""Later than all time (µs)."""

Micros = Annotated[int, msgspec.Meta(ge=-EVER, le=EVER)]
Weight = Annotated[int, msgspec.Meta(ge=0, le=EVER)]
Stretch = tuple[Micros, Micros, Weight]
"""Begin and end (µs) and weight."""
Step = tuple[Micros, Weight]
"""From when on (µs) which weight holds."""


class Told(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Of one input: `unread`, `steps`, and what its gate goes by.

    `key`: whole keys are dropped, which are known by their hash, or by `trace` ids. `counted`: rows say themselves what
    was dropped of a window; `subset`: rows say which keys were left out. `uneven`: before this (µs) the threshold was
    not the same at all gates all the time, or is not known: a key that one let in may have been dropped elsewhere.
    """

    unread: tuple[Stretch, ...] = ()
    steps: tuple[Step, ...] = ()
    key: bool = False
    trace: bool = False
    counted: bool = False
    subset: bool = False
    uneven: Micros = -EVER

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was dropped."""
        return not self.unread and not any(weight > WEIGHT_ONE for _, weight in self.steps)


_decoder: Final = msgspec.json.Decoder(dict[str, Told])


class BadTold(SlacError):
    """What a peer tells of its gates cannot be read."""


def to_text(told: Mapping[str, Told]) -> str:
    """By input, of those that have dropped anything; empty for none."""
    some = {name: one for name, one in sorted(told.items()) if not one.is_nothing}
    text, most = msgspec.json.encode(some).decode() if some else "", MOST
    while len(text) > LONGEST and most > 1:
        most //= 2
        text = msgspec.json.encode({name: bounded(one, most) for name, one in some.items()}).decode()
    return text


def from_text(text: str) -> dict[str, Told]:
    """The reverse; BadTold where it is none."""
    if not text:
        return {}
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise BadTold(f"what was dropped elsewhere cannot be read: {error}") from error


def bounded(told: Told, most: int = MOST) -> Told:
    """So much of it at most; what changed before the latest thresholds is not told."""
    steps, uneven = bounded_steps(told.steps, most), told.uneven
    if len(steps) < len(told.steps):
        uneven = max(uneven, steps[1][0] if len(steps) > 1 else EVER)
    return replace(told, unread=bounded_stretches(told.unread, most), steps=steps, uneven=uneven)


def bounded_steps(steps: Iterable[Step], most: int = MOST) -> tuple[Step, ...]:
    """The latest; before them the highest of all others, from when the first of these held."""
    found = sorted(steps)
    if len(found) <= most:
        return tuple(found)
    first, rest = found[: len(found) - most + 1], found[len(found) - most + 1 :]
    return ((first[0][0], max(w for _, w in first)), *rest)


def bounded_stretches(stretches: Iterable[Stretch], most: int = MOST) -> tuple[Stretch, ...]:
    """In the order of time, apart from one another; the latest, and before them one that holds all others."""
    apart: list[Stretch] = []
    for begin, end, weight in sorted(stretches):
        if apart and begin <= apart[-1][1] and (weight == apart[-1][2] or end <= apart[-1][1]):
            last = apart.pop()
            apart.append((last[0], max(end, last[1]), max(weight, last[2])))
        else:
            apart.append((begin, max([end, *(a[1] for a in apart[-1:])]), weight))
    if len(apart) <= most:
        return tuple(apart)
    first, rest = apart[: len(apart) - most + 1], apart[len(apart) - most + 1 :]
    return ((first[0][0], first[-1][1], max(w for *_, w in first)), *rest)


def together(several: Iterable[Told], *, others: bool = False) -> Told:
    """What gates of one input in several runtimes have dropped: where any has, it is as if all had.

    `others`: there are more, which have dropped nothing.
    """
    several = list(several)
    instants = np.unique([since for one in several for since, _ in one.steps]).astype(np.int64)
    held = [_held(one, instants) for one in (*several, *([Told()] if others else []))]
    highest: Weights = np.maximum.reduce(held)
    unlike = np.flatnonzero(highest > np.minimum.reduce(held))
    until = -EVER if not len(unlike) else int([*instants[1:].tolist(), EVER][unlike[-1]])
    found = Told(
        unread=tuple(s for one in several for s in one.unread),
        steps=tuple(zip(instants.tolist(), highest.tolist(), strict=True)),
        key=any(one.key for one in several),
        trace=any(one.trace for one in several),
        counted=all(one.counted for one in several),
        subset=all(one.subset for one in several),
        uneven=max([until, *(one.uneven for one in several)]),
    )
    return bounded(found)


def _held(told: Told, instants: Times) -> Weights:
    known = Steps()
    known.restore(told.steps)
    return known.at(instants)
