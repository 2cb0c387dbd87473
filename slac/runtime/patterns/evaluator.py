"""One evaluation of a pattern, for one key: events and the time in, matches out.

The clock comes first: whoever drives it advances to each due instant before the next event, so that nothing depends on
how events are cut into batches. A match that comes up while the pattern starts is not delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slac.runtime.patterns.bindings import NOTHING, Bindings, Bound, Event, Meaning
from slac.runtime.patterns.instance import Instance, loaded, offer
from slac.runtime.patterns.machine import Machine
from slac.runtime.patterns.steps import Step


@dataclass(frozen=True, slots=True)
class Match:
    """A match: when it came about (µs), and the rows that it has bound, by tag."""

    time: int
    tags: Mapping[str, Bound]


class RowCodec(Protocol):
    """Rows as numbers, for a snapshot."""

    def number(self, row: Bound) -> int:
        """The number of a row."""
        ...

    def row(self, number: int) -> Bound:
        """The row of a number."""
        ...


class Evaluator:
    """The evaluation of a prepared pattern; `within` (µs) and `limit` bound what is open."""

    def __init__(
        self, step: Step, meaning: Meaning, *, start: int, within: int | None = None, limit: int | None = None
    ) -> None:
        self._step = step
        self._machine = Machine(meaning, within, limit, now=start)
        self._matches: list[Match] = []
        self._root: Instance | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._root = self._step.make(self._machine, self, NOTHING)
        self._root.start()
        self._machine.settle()
        self._matches = []

    def advance(self, to: int) -> list[Match]:
        """Move the clock, call what is due, and return the matches of that."""
        self._machine.advance(to)
        return self._delivered()

    def event(self, event: Event, time: int) -> list[Match]:
        """Move the clock to the event's time, then offer it; the matches of both."""
        self._machine.advance(time)
        offer(self._root, event)
        self._machine.settle()
        return self._delivered()

    def next_due(self) -> int | None:
        """The next instant at which something is due."""
        return self._machine.next_due()

    @property
    def is_over(self) -> bool:
        """Whether nothing can match any more."""
        return self._root is None

    @property
    def open_matches(self) -> int:
        """Partial matches that are held."""
        return len(self._machine.tokens)

    @property
    def given_up(self) -> int:
        """Partial matches that were given up because there were more than `limit`."""
        return self._machine.given_up

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """The whole has matched."""
        machine = self._machine
        if final:
            self._root = None
        if bindings.first is None or machine.within is None or machine.now - bindings.first < machine.within:
            self._matches.append(Match(machine.now, bindings.tags))

    def failed(self, child: Instance) -> None:
        """The whole can never match again."""
        self._root = None

    def save(self, rows: RowCodec) -> Any:
        """The state as JSON; rows as the numbers that the codec gives them."""
        machine, codec = self._machine, _Codec(rows)
        root = None if self._root is None else self._root.save(codec, NOTHING)
        return [machine.now, machine.seq, machine.given_up, root]

    def shape(self, rows: RowCodec) -> Any:
        """What an evaluation would have to agree in to go on just like this one, if it began at any other time."""
        return self.save(rows)[3]

    def load(self, saved: Any, rows: RowCodec) -> None:
        """Take over what `save` wrote, instead of a start."""
        now, seq, given_up, root = saved
        machine = self._machine
        machine.now, machine.seq, machine.given_up = now, seq, given_up
        if root is not None:
            self._root = loaded(self._step, machine, self, NOTHING, root, _Codec(rows))

    def _delivered(self) -> list[Match]:
        found, self._matches = self._matches, []
        return found


@dataclass(frozen=True, slots=True)
class _Codec:
    rows: RowCodec

    def write(self, bindings: Bindings) -> Any:
        """Tags with row numbers, and the beginning."""
        return [{name: self._numbers(bound) for name, bound in bindings.tags.items()}, bindings.first]

    def read(self, saved: Any) -> Bindings:
        """What `write` wrote."""
        tags, first = saved
        return Bindings({name: self._rows(numbers) for name, numbers in tags.items()}, first)

    def _numbers(self, bound: Bound) -> Any:
        return [self.rows.number(row) for row in bound] if isinstance(bound, tuple) else self.rows.number(bound)

    def _rows(self, numbers: Any) -> Bound:
        return tuple(self.rows.row(n) for n in numbers) if isinstance(numbers, list) else self.rows.row(numbers)
