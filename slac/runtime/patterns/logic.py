"""`and`, `or` and `not`."""

from __future__ import annotations

from itertools import product
from typing import Any

from slac.runtime.patterns.bindings import Bindings, Event
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent, offer, token_state
from slac.runtime.patterns.machine import Machine, Token


class NotInstance(Instance):
    """True from its start, without bindings, until the pattern in it matches."""

    __slots__ = ("_child",)

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._child: Instance | None = None

    def start(self) -> None:
        """Listen, and be true."""
        self._child = self._make(0, self.bindings)
        self._child.start()
        if self.alive:
            self._match(self.bindings, final=False)

    def event(self, event: Event) -> None:
        """To what must not come."""
        offer(self._child, event)

    def stop(self) -> None:
        """Be gone."""
        self.alive = False
        if self._child is not None:
            self._child.stop()

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """It has come."""
        self._fail()

    def failed(self, child: Instance) -> None:
        """It can never come: true for ever."""
        self._child = None

    def load(self, saved: Any, codec: Codec) -> None:
        """What must not come."""
        self._child = None if saved is None else self._loaded(0, saved, codec)

    def _save(self, codec: Codec) -> Any:
        return self._saved(self._child, codec)


class OrInstance(Instance):
    """Parts that start together; the first final match ends all of them."""

    __slots__ = ("_parts",)

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._parts: list[Instance | None] = []

    def start(self) -> None:
        """All parts, in text order."""
        self._parts = [self._make(n, self.bindings) for n in range(len(self.step.parts))]
        for part in tuple(self._parts):
            if self.alive and part is not None:
                part.start()

    def event(self, event: Event) -> None:
        """To all parts."""
        for part in tuple(self._parts):
            if self.alive:
                offer(part, event)

    def stop(self) -> None:
        """Be gone with all parts."""
        self.alive = False
        for part in self._parts:
            if part is not None:
                part.stop()

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Pass it on."""
        self._match(bindings, final=final)

    def failed(self, child: Instance) -> None:
        """One part less."""
        self._parts = [None if p is child else p for p in self._parts]
        if not any(self._parts):
            self._fail()

    def load(self, saved: Any, codec: Codec) -> None:
        """All parts."""
        self._parts = [None if s is None else self._loaded(n, s, codec) for n, s in enumerate(saved)]

    def _save(self, codec: Codec) -> Any:
        return [self._saved(p, codec) for p in self._parts]


class AndInstance(Instance):
    """Parts that start together; each new match of one is combined with all remembered matches of the others."""

    __slots__ = ("_matches", "_parts")

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._parts: list[Instance | None] = []
        self._matches: list[list[tuple[Bindings, Token | None]]] = []

    def start(self) -> None:
        """All parts, in text order."""
        self._matches = [[] for _ in self.step.parts]
        self._parts = [self._make(n, self.bindings) for n in range(len(self.step.parts))]
        for part in tuple(self._parts):
            if self.alive and part is not None:
                part.start()

    def event(self, event: Event) -> None:
        """To what must not come first: then no match results."""
        parts = tuple(self._parts)
        for negative in (True, False):
            for part in parts:
                if self.alive and part is not None and part.step.negative is negative:
                    offer(part, event)

    def stop(self) -> None:
        """Be gone with all parts and matches."""
        self.alive = False
        for part in self._parts:
            if part is not None:
                part.stop()
        for _, token in (m for matches in self._matches for m in matches):
            self.machine.release(token)

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Remember it, and combine it."""
        place = self._parts.index(child)
        if final:
            self._parts[place] = None
        others = [[b for b, _ in m] if n != place else [bindings] for n, m in enumerate(self._matches)]
        found = [self._joined(combined) for combined in product(*others)]
        if not found or child.step.negative or self._is_combined:
            # What must not come is true without an event: nothing is held for it.
            token = None if child.step.negative else self._hold(place, bindings)
            self._matches[place].append((bindings, token))
        over = self._has_ended()
        for number, joined in enumerate(found, 1):
            if self.alive:
                self._match(joined, final=over and number == len(found))

    def failed(self, child: Instance) -> None:
        """Without one part there is no match any more."""
        self._fail()

    def expired(self, token: Token) -> None:
        """A remembered match is too old for what is still to come."""
        place = token.item
        self.machine.release(token)
        self._matches[place] = [m for m in self._matches[place] if m[1] is not token]
        if self._parts[place] is None and not self._matches[place]:
            self._fail()

    def load(self, saved: Any, codec: Codec) -> None:
        """All parts and matches."""
        parts, matches = saved
        self._parts = [None if s is None else self._loaded(n, s, codec) for n, s in enumerate(parts)]
        self._matches = [
            [(codec.read(b), None if token is None else self._held(place, token)) for b, token in remembered]
            for place, remembered in enumerate(matches)
        ]

    def _joined(self, combined: tuple[Bindings, ...]) -> Bindings:
        joined = self.bindings
        for bindings in combined:
            joined = joined.joined(bindings)
        return joined

    @property
    def _is_combined(self) -> bool:
        """Whether a match may have to wait for those of other parts: one part alone need not be remembered."""
        return sum(not part.negative for part in self.step.parts) > 1

    def _has_ended(self) -> bool:
        waiting = [part is not None for part in self._parts if part is None or not part.step.negative]
        return bool(waiting) and not any(waiting)

    def _save(self, codec: Codec) -> Any:
        matches = [
            [[codec.write(b), None if t is None else token_state(t)] for b, t in remembered]
            for remembered in self._matches
        ]
        return [[self._saved(p, codec) for p in self._parts], matches]
