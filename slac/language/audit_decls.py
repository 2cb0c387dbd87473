"""What audits and violations say beside their conditions: how long, how often, at what times. Durations are µs."""

from __future__ import annotations

from dataclasses import dataclass

from slac.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ForDecl:
    """A condition must be met by `rows` in a row, the last of them `time_us` behind the first."""

    rows: int
    time_us: int
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterDecl:
    """`time_us` after a state was entered, the state named `to` follows by itself; `span` is where it is named."""

    time_us: int
    to: str
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffDecl:
    """Each interval of reports is `factor` times the one before, and `max_us` at most."""

    factor: float
    max_us: int
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDecl:
    """Times of the clock: a cron expression of five fields, read in a time zone."""

    cron: str
    zone: str
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlappingDecl:
    """So many changes of state within less than a time are too many."""

    changes: int
    within_us: int
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDecl:
    """What to tell people; `{column}` in it stands for a value."""

    text: str
    span: Span
    path: str = ""
