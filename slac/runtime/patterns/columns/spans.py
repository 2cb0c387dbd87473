"""Sessions of a key: it is forgotten where its events are `retain` or more apart, and what was open ends there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Spans", "next_true", "spans"]

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spans:
    """For each row in order of group and event: whether a session starts there, and where the next one starts."""

    starts: npt.NDArray[np.bool_]
    ends: Numbers
    forgotten: npt.NDArray[np.bool_]


def next_true(marks: npt.NDArray[np.bool_]) -> Numbers:
    """For each place the next one *behind* it that is marked; the length where there is none."""
    size = len(marks)
    places = np.append(np.where(marks, np.arange(size), size), size)
    following: Numbers = np.minimum.accumulate(places[::-1])[::-1][1:]
    return following


def spans(groups: Numbers, times: Numbers, retain: int | None) -> Spans:
    """The sessions of rows that are sorted by group and event; `times` (µs) of held rows is the last of their key."""
    starts = np.ones(len(groups), np.bool_)
    starts[1:] = groups[1:] != groups[:-1]
    forgotten = np.zeros(len(groups), np.bool_)
    if retain is not None:
        forgotten[1:] = ~starts[1:] & (np.diff(times) >= retain)
    starts |= forgotten
    return Spans(starts, next_true(starts), forgotten)
