"""One evaluation a key: begun with the first event that can begin it, forgotten when it is as if it had never been."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from slac.plan.nodes import PatternNode
from slac.runtime.patterns.evaluator import Evaluator, RowCodec
from slac.runtime.patterns.events import KeyedEvent
from slac.runtime.patterns.meaning import SqlMeaning
from slac.runtime.patterns.results import Found
from slac.runtime.patterns.steps import Step, prepared

__all__ = ["Keyed"]


@dataclass(slots=True, eq=False)
class _Key:
    """A key at work; `last` is the time of its latest event, `waits` what stands in the queue for it."""

    evaluator: Evaluator
    last: int
    waits: int | None = None


@dataclass(slots=True)
class Keyed:
    """The evaluations of all keys. Whatever depends on time is done at the instant when it is due."""

    node: PatternNode
    meaning: SqlMeaning
    start: int | None
    step: Step = field(init=False)
    keys: dict[tuple[Any, ...], _Key] = field(default_factory=dict)
    given_up: int = 0
    _due: list[tuple[int, int, tuple[Any, ...]]] = field(default_factory=list)
    _fresh: Any = None
    _pushed: int = 0

    def __post_init__(self) -> None:
        self.step = prepared(self.node.pattern)
        self._fresh = self._new(0).shape(_NoRows())
        if self.start is not None and not self.node.keys:
            self.anchor(self.start)

    @property
    def wants_anchor(self) -> bool:
        """Whether it waits to be told when to begin: there is no key, no start, and when it begins matters."""
        return not self.node.keys and self.start is None and self.step.dated and not self.keys

    def anchor(self, at: int) -> None:
        """Begin the only evaluation at an instant."""
        self._begin((), at)
        self._wait(())

    @property
    def open_matches(self) -> int:
        """Partial matches that are held."""
        return sum(k.evaluator.open_matches for k in self.keys.values())

    def events(self, key: tuple[Any, ...], events: Sequence[KeyedEvent]) -> Iterator[Found]:
        """Events of a key, in order, with all that is due before each."""
        for event in events:
            yield from self._advance(key, event.time + 1)
            held = self.keys.get(key)
            if held is None:
                if not self.step.dated and not event.mask & self.step.first:
                    continue
                held = self._begin(key, event.time)
            elif self.start is not None and not self.node.keys and event.time < held.last:
                # What comes before the start of the run has begun the pattern.
                held = self._begin(key, event.time)
            held.last = event.time
            given_up = held.evaluator.given_up
            yield from (Found(key, m) for m in held.evaluator.event(event, event.time))
            self.given_up += held.evaluator.given_up - given_up
        self._rest(key)

    def due(self, watermark: int) -> Iterator[Found]:
        """All that is due before `watermark`, in keys without events."""
        while self._due and self._due[0][0] < watermark:
            due, _, key = heapq.heappop(self._due)
            held = self.keys.get(key)
            if held is not None and held.waits == due:
                held.waits = None
                yield from self._advance(key, watermark)
                self._wait(key)

    def next_due(self) -> int | None:
        """The next instant at which something may be due in some key."""
        return self._due[0][0] if self._due else None

    def save(self, rows: RowCodec) -> list[Any]:
        """The state of each key, in the order of `keys`."""
        return [[k.last, k.evaluator.save(rows)] for k in self.keys.values()]

    def load(self, keys: Sequence[tuple[Any, ...]], saved: Sequence[Any], rows: RowCodec) -> None:
        """Take over what `save` wrote."""
        self.keys, self._due = {}, []
        for key, (last, state) in zip(keys, saved, strict=True):
            evaluator = self._made(0)
            evaluator.load(state, rows)
            self.keys[key] = _Key(evaluator, last)
            self._wait(key)

    def _advance(self, key: tuple[Any, ...], until: int) -> Iterator[Found]:
        """Call all that is due in a key before `until`; a key that was silent for too long is forgotten."""
        held = self.keys.get(key)
        if held is None:
            return
        forget = held.last + self.node.retain if self.node.keys else None
        stop = until if forget is None else min(until, forget)
        while (due := held.evaluator.next_due()) is not None and due < stop:
            given_up = held.evaluator.given_up
            yield from (Found(key, m) for m in held.evaluator.advance(due))
            self.given_up += held.evaluator.given_up - given_up
        if forget is not None and forget < until:
            del self.keys[key]

    def _begin(self, key: tuple[Any, ...], at: int) -> _Key:
        held = self.keys[key] = _Key(self._new(at), at)
        return held

    def _new(self, at: int) -> Evaluator:
        evaluator = self._made(at)
        evaluator.start()
        return evaluator

    def _made(self, at: int) -> Evaluator:
        return Evaluator(self.step, self.meaning, start=at, within=self.node.within, limit=self.node.limit)

    def _rest(self, key: tuple[Any, ...]) -> None:
        """Forget a key that is as if it had just begun; wait for what is due in all others."""
        held = self.keys.get(key)
        if held is None:
            return
        evaluator = held.evaluator
        idle = not self.step.dated and not evaluator.is_over and not evaluator.open_matches
        if self.node.keys and idle and evaluator.shape(_NoRows()) == self._fresh:
            del self.keys[key]
        else:
            self._wait(key)

    def _wait(self, key: tuple[Any, ...]) -> None:
        held = self.keys.get(key)
        if held is None:
            return
        instants = [held.evaluator.next_due(), held.last + self.node.retain if self.node.keys else None]
        due = min((i for i in instants if i is not None), default=None)
        if due is not None and (held.waits is None or due < held.waits):
            held.waits = due
            self._pushed += 1
            heapq.heappush(self._due, (due, self._pushed, key))


class _NoRows:
    """The codec of a state without rows: any row makes it differ."""

    def number(self, row: Any) -> int:
        """Some number."""
        return id(row)

    def row(self, number: int) -> Any:
        """Nothing is read."""
        raise NotImplementedError(number)
