"""A pattern prepared: each part of its tree with what instances ask of it, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from slac.language.patterns.tree import (
    And,
    AnyPattern,
    At,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Not,
    Or,
    Repeat,
    Schedule,
    While,
    Within,
)
from slac.language.patterns.walk import children, tags
from slac.runtime.patterns.atoms import AtomInstance
from slac.runtime.patterns.bindings import Bindings
from slac.runtime.patterns.distinct import DistinctInstance
from slac.runtime.patterns.every import EveryInstance
from slac.runtime.patterns.followed import FollowedInstance
from slac.runtime.patterns.guards import WhileInstance, WithinInstance
from slac.runtime.patterns.instance import Instance, Parent
from slac.runtime.patterns.logic import AndInstance, NotInstance, OrInstance
from slac.runtime.patterns.machine import Machine
from slac.runtime.patterns.repeats import RepeatInstance
from slac.runtime.patterns.timers import (
    AtInstance,
    EveryScheduleInstance,
    IntervalInstance,
    ScheduleInstance,
)

_KINDS: Final[Mapping[type[Any], type[Instance]]] = MappingProxyType(
    {
        Atom: AtomInstance,
        Every: EveryInstance,
        Distinct: DistinctInstance,
        Not: NotInstance,
        And: AndInstance,
        Or: OrInstance,
        Followed: FollowedInstance,
        Repeat: RepeatInstance,
        Within: WithinInstance,
        While: WhileInstance,
        Interval: IntervalInstance,
        At: AtInstance,
        Schedule: ScheduleInstance,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of a pattern.

    `mask` are the atoms in it; `first` those that a fresh instance listens to; `names` the tags that a match may bind.
    `negative`: it only says what must not come. `clocked`: it may match before any event has come. `dated`: when it
    starts makes a difference.
    """

    pattern: AnyPattern
    kind: type[Instance]
    parts: tuple[Step, ...]
    mask: int
    first: int
    names: tuple[str, ...]
    negative: bool
    clocked: bool
    dated: bool

    def make(self, machine: Machine, parent: Parent, bindings: Bindings) -> Instance:
        """A new instance, not yet started."""
        return self.kind(self, machine, parent, bindings)


def prepared(pattern: AnyPattern) -> Step:
    """The steps of a pattern."""
    if isinstance(pattern, Every) and isinstance(pattern.child, Schedule):
        return _step(pattern.child, EveryScheduleInstance, ())
    parts = tuple(prepared(child) for child in children(pattern))
    return _step(pattern, _KINDS[type(pattern)], parts)


def _step(pattern: AnyPattern, kind: type[Instance], parts: tuple[Step, ...]) -> Step:
    mask = 1 << pattern.index if isinstance(pattern, Atom) else _union(p.mask for p in parts)
    at_first = _listening(pattern, parts)
    return Step(
        pattern=pattern,
        kind=kind,
        parts=parts,
        mask=mask,
        first=mask if isinstance(pattern, Atom) else _union(p.first for p in at_first),
        names=tags(pattern),
        negative=_is_negative(pattern, parts),
        clocked=_is_clocked(pattern, parts),
        dated=_is_dated(pattern, parts) or any(p.dated for p in at_first),
    )


def _listening(pattern: AnyPattern, parts: tuple[Step, ...]) -> tuple[Step, ...]:
    """The parts that start with the whole."""
    return parts[:1] if isinstance(pattern, Followed) and not parts[0].clocked else parts


def _is_negative(pattern: AnyPattern, parts: tuple[Step, ...]) -> bool:
    return isinstance(pattern, Not) or (isinstance(pattern, And) and all(p.negative for p in parts))


def _is_clocked(pattern: AnyPattern, parts: tuple[Step, ...]) -> bool:
    match pattern:
        case Interval() | At() | Schedule() | Not():
            return True
        case Atom():
            return False
        case And() | Followed():
            return all(p.clocked for p in parts)
        case Repeat(until=until) if until is not None:
            return any(p.clocked for p in parts)
        case _:
            return any(p.clocked for p in parts)


def _is_dated(pattern: AnyPattern, parts: tuple[Step, ...]) -> bool:
    """A chain that begins without an event counts `within` from its start."""
    timed = isinstance(pattern, Interval | At | Schedule | Within)
    return timed or (isinstance(pattern, Followed) and parts[0].clocked)


def _union(masks: Any) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
