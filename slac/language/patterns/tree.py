"""What a pattern says, as a tree that serialises with the plan. Places are kept beside it, by number.

`Text` is SQL as written: texts and atoms are numbered from 0 in the order of the text, so that typed expressions and
places can be kept in lists. Lengths of time are microseconds and calendar months.
"""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """An SQL expression within a pattern."""

    index: int
    sql: str


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """A length of time: a constant, or `given` by an expression over earlier tags (a duration, or seconds)."""

    months: int = 0
    us: int = 0
    given: Text | None = None


class Pattern(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all patterns."""


class Atom(Pattern, frozen=True, kw_only=True, tag="atom"):
    """One event of a block, or of an event type, that meets all conditions; bound to a tag, if it has one."""

    index: int
    name: str | None
    stream: str
    conditions: tuple[Text, ...] = ()


class Every(Pattern, frozen=True, kw_only=True, tag="every"):
    """Begins anew with each match of the pattern in it."""

    child: AnyPattern


class Distinct(Pattern, frozen=True, kw_only=True, tag="every-distinct"):
    """As `every`, but a match whose keys were seen before is swallowed; keys are forgotten after `forget`."""

    keys: tuple[Text, ...]
    forget: Length | None = None
    child: AnyPattern


class Not(Pattern, frozen=True, kw_only=True, tag="not"):
    """True from its start until the pattern in it matches."""

    child: AnyPattern


class And(Pattern, frozen=True, kw_only=True, tag="and"):
    """All parts, in any order."""

    parts: tuple[AnyPattern, ...]


class Or(Pattern, frozen=True, kw_only=True, tag="or"):
    """Any of the parts."""

    parts: tuple[AnyPattern, ...]


class Followed(Pattern, frozen=True, kw_only=True, tag="followed"):
    """`left -> right`; with `-[at_most]>` so many right sides wait at a time."""

    left: AnyPattern
    right: AnyPattern
    at_most: int | None = None


class Repeat(Pattern, frozen=True, kw_only=True, tag="repeat"):
    """`[low:high] child until until`: with equal bounds complete at the n-th match, else when `until` comes."""

    child: AnyPattern
    low: int | Text | None = None
    high: int | Text | None = None
    until: AnyPattern | None = None


class Within(Pattern, frozen=True, kw_only=True, tag="within"):
    """`child where timer:within(length)`, and `withinmax` with a most number of matches."""

    child: AnyPattern
    length: Length
    at_most: int | Text | None = None


class While(Pattern, frozen=True, kw_only=True, tag="while"):
    """`child while (condition)`: over for good at the first match for which it is not true."""

    child: AnyPattern
    condition: Text


class Interval(Pattern, frozen=True, kw_only=True, tag="interval"):
    """`timer:interval(length)`."""

    length: Length


class AtField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of `timer:at`: numbers and ranges (`*` is none of either); or a special day.

    `special`: `last` (of the month, or the last `values[0]` day of the week), `weekday` (nearest to `values[0]`),
    `lastweekday`.
    """

    values: tuple[int, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    every: int | None = None
    special: str | None = None


class At(Pattern, frozen=True, kw_only=True, tag="at"):
    """`timer:at(minute, hour, day of month, month, day of week[, second[, zone[, ms[, us]]]])`."""

    minute: AtField
    hour: AtField
    day: AtField
    month: AtField
    weekday: AtField
    second: AtField
    zone: str = "UTC"
    millisecond: AtField
    microsecond: AtField


class Schedule(Pattern, frozen=True, kw_only=True, tag="schedule"):
    """`timer:schedule(…)`: at `date` (µs, UTC; None: one period after the start), then every `period`, so many times.

    `repetitions` None: without end where there is a period, once where there is none.
    """

    date: int | None = None
    period: Length | None = None
    repetitions: int | None = None


AnyPattern = Atom | Every | Distinct | Not | And | Or | Followed | Repeat | Within | While | Interval | At | Schedule
