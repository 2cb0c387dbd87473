"""What bends the plain moves of an audit: how long a condition must hold, what time alone does, and when it speaks.

All durations are microseconds. Everything here is part of a state, or of an audit as a whole.
"""

from __future__ import annotations

import msgspec

from slac.language.durations import format_duration


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """How the interval of stays grows: each one is `factor` times the one before, and `max` at most."""

    factor: float
    max: int


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """How long a condition must be met before its state is entered: `rows` in a row, the last `time` behind the first.

    A row without data neither counts nor breaks the row; any other that does not meet the condition begins it anew.
    """

    rows: int = 1
    time: int = 0


class After(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a state by itself: `time` after it was entered the state is `to`."""

    time: int
    to: str


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Times of the clock: a cron expression of five fields, read in a time zone."""

    cron: str
    zone: str


class Flapping(msgspec.Struct, frozen=True, kw_only=True):
    """A key flaps with the last of `changes` changes of state within less than `within`; it is calm `within` after one.

    While it flaps, changes are counted and not published.
    """

    changes: int
    within: int


class Inhibit(msgspec.Struct, frozen=True, kw_only=True):
    """Another audit, whose reports come in at a port: while it is VIOLATED on its `keys` of a key, little is said."""

    port: int
    keys: tuple[str, ...]


def intervals(first: int | None, backoff: Backoff | None) -> tuple[int, ...]:
    """The intervals of the stays of a state, one after the other; the last one stays. Empty: none at all."""
    if first is None:
        return ()
    if backoff is None:
        return (first,)
    found = [min(first, backoff.max)]
    while found[-1] < backoff.max:
        found.append(min(backoff.max, max(found[-1] + 1, round(found[-1] * backoff.factor))))
    return tuple(found)


def settle_text(settle: Settle) -> str:
    """How long a condition must be met, as a document writes it."""
    return format_duration(settle.time) if settle.time else f"{settle.rows} windows"


def schedule_text(schedule: Schedule) -> str:
    """Times of the clock, as words."""
    return f"{schedule.cron} {schedule.zone}"
