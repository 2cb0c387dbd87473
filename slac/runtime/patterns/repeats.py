"""`[n] P` and `[low:high] P until Q`: matches of P are gathered into arrays."""

from __future__ import annotations

from typing import Any

from slac.language.patterns.tree import Text
from slac.runtime.patterns.bindings import Bindings, Bound, Event
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent, offer, token_state
from slac.runtime.patterns.machine import Machine, Token


class RepeatInstance(Instance):
    """The repeated part, what it has gathered, and what ends it."""

    __slots__ = ("_arrays", "_child", "_count", "_first", "_high", "_low", "_starting", "_tokens", "_until")

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._child: Instance | None = None
        self._until: Instance | None = None
        self._arrays: dict[str, tuple[Bound, ...]] = {}
        self._tokens: list[Token] = []
        self._first: int | None = None
        self._count = 0
        self._starting = False
        self._low = 0
        self._high: int | None = None

    def start(self) -> None:
        """The bounds are computed now; the end listens before the repeated part."""
        pattern = self.step.pattern
        low, self._high = self._bound(pattern.low), self._bound(pattern.high)
        self._low = max(low or 0, 0)
        if (pattern.until is None or self._is_exact) and (self._high is None or self._high < 1):
            self._fail()
            return
        if pattern.until is not None:
            self._until = self._make(1, self.bindings)
            self._until.start()
        self._begin()

    def event(self, event: Event) -> None:
        """To the end first: an event that fits both counts for the end only."""
        child = self._child
        offer(self._until, event)
        if self.alive:
            offer(child, event)

    def stop(self) -> None:
        """Be gone with what was gathered."""
        self.alive = False
        for child in (self._child, self._until):
            if child is not None:
                child.stop()
        for token in self._tokens:
            self.machine.release(token)

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Gather one more; or the end has come."""
        if child is self._until:
            self._end(bindings)
            return
        if final:
            self._child = None
        self._gather(bindings)
        if self._high is not None and self._count >= self._high:
            if self._is_exact:
                self._match(self._gathered(self.bindings), final=True)
                return
            if self._child is not None:
                self._child.stop()
                self._child = None
        elif final and not self._starting:
            self._begin()

    def failed(self, child: Instance) -> None:
        """Without the repeated part, or an end, there is no match any more."""
        if child is self._until and self._is_exact:
            self._until = None
        else:
            self._fail()

    def expired(self, token: Token) -> None:
        """What was gathered first is too old for what is still to come."""
        self._fail()

    def load(self, saved: Any, codec: Codec) -> None:
        """Everything."""
        child, until, gathered, tokens, self._count, self._low, self._high = saved
        self._child = None if child is None else self._loaded(0, child, codec)
        self._until = None if until is None else self._loaded(1, until, codec)
        held = codec.read(gathered)
        self._arrays, self._first = dict(held.tags), held.first
        self._tokens = [self._held(n, token) for n, token in enumerate(tokens)]

    @property
    def _is_exact(self) -> bool:
        pattern = self.step.pattern
        return pattern.low is not None and pattern.high is not None and self._low == self._high

    def _begin(self) -> None:
        """Start the repeated part; again at once where it has matched at once, but not for ever."""
        while self._is_idle() and (self._high is None or self._count < self._high):
            before = self._count
            child = self._child = self._make(0, self.bindings)
            self._starting = True
            child.start()
            self._starting = False
            if self._is_idle() and self._high is None and self._count > before:
                self._fail()

    def _is_idle(self) -> bool:
        return self.alive and self._child is None

    def _gather(self, bindings: Bindings) -> None:
        self._count += 1
        for name in self.step.parts[0].names:
            bound = bindings.tags.get(name)
            if bound is not None:
                more = bound if isinstance(bound, tuple) else (bound,)
                self._arrays[name] = self._arrays.get(name, ()) + more
        if bindings.first is not None and (self._first is None or bindings.first < self._first):
            self._first = bindings.first
        if bindings is not self.bindings:
            self._tokens.append(self._hold(self._count, bindings))

    def _end(self, bindings: Bindings) -> None:
        if self._is_exact or self._count < self._low:
            self._fail()
        else:
            self._match(self._gathered(bindings), final=True)

    def _gathered(self, bindings: Bindings) -> Bindings:
        return Bindings(self._arrays, self._first).joined(bindings)

    def _bound(self, bound: int | Text | None) -> int | None:
        value = self.machine.meaning.value(bound, self.bindings) if isinstance(bound, Text) else bound
        return None if value is None else int(value)

    def _save(self, codec: Codec) -> Any:
        return [
            self._saved(self._child, codec),
            self._saved(self._until, codec),
            codec.write(Bindings(self._arrays, self._first)),
            [token_state(t) for t in self._tokens],
            self._count,
            self._low,
            self._high,
        ]
