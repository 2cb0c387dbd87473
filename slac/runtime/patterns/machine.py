"""What all instances of one evaluation share: the time, the timers, and the places that hold partial matches."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from slac.runtime.patterns.bindings import Meaning

GUARD: Final = 0
OBSERVER: Final = 1
"""Ranks of timers that are due at one instant: what ends a wait comes before what waits."""


class Timed(Protocol):
    """Anything that waits for an instant."""

    alive: bool

    def due(self) -> None:
        """The instant has come."""
        ...


class Owner(Protocol):
    """An instance that holds partial matches."""

    def expired(self, token: Token) -> None:
        """A partial match is given up: it lasted too long, or there are too many."""
        ...


@dataclass(slots=True, eq=False)
class Token:
    """One partial match that is held: by whom, what it is to its owner, when it began, and its age among all."""

    owner: Owner
    item: Any
    seq: int
    expires: int | None = None
    alive: bool = True

    def due(self) -> None:
        """It has lasted for `within`."""
        self.owner.expired(self)


@dataclass(slots=True, eq=False)
class Machine:
    """The shared part of an evaluation. `within` (µs) and `limit` are the block's bounds; None: there is none."""

    meaning: Meaning
    within: int | None = None
    limit: int | None = None
    now: int = 0
    seq: int = 0
    given_up: int = 0
    tokens: dict[int, Token] = field(default_factory=dict)
    timers: list[tuple[int, int, int, Timed]] = field(default_factory=list)

    def at(self, due: int, rank: int, waits: Timed, seq: int | None = None) -> int:
        """Call `waits.due()` at `due`; returns the number by which equal instants are told apart."""
        number = self._number() if seq is None else seq
        heapq.heappush(self.timers, (due, rank, number, waits))
        return number

    def next_due(self) -> int | None:
        """The next instant at which something that is still alive is due."""
        while self.timers and not self.timers[0][3].alive:
            heapq.heappop(self.timers)
        return self.timers[0][0] if self.timers else None

    def advance(self, to: int) -> None:
        """Move the clock and call all that is due, earliest first; guards before observers at one instant."""
        self.now = max(self.now, to)
        while self.timers and self.timers[0][0] <= to:
            waits = heapq.heappop(self.timers)[3]
            if waits.alive:
                waits.due()
                self.settle()

    def hold(self, owner: Owner, item: Any, began: int | None, *, counted_before: bool) -> Token:
        """A new partial match. `counted_before`: it began in what is held further out, and ends with that."""
        bounded = self.within is not None and began is not None and not counted_before
        expires = began + self.within if bounded and began is not None and self.within is not None else None
        return self.held(Token(owner, item, self._number(), expires))

    def held(self, token: Token) -> Token:
        """Take over a token, new or restored."""
        self.tokens[token.seq] = token
        if token.expires is not None:
            self.at(token.expires, GUARD, token, token.seq)
        return token

    def release(self, token: Token | None) -> None:
        """A partial match has ended."""
        if token is not None and token.alive:
            token.alive = False
            del self.tokens[token.seq]

    def settle(self) -> None:
        """Give up the oldest partial matches where there are more than `limit`."""
        while self.limit is not None and len(self.tokens) > self.limit:
            oldest = self.tokens[min(self.tokens)]
            self.given_up += 1
            oldest.owner.expired(oldest)
            self.release(oldest)

    def _number(self) -> int:
        self.seq += 1
        return self.seq
