"""`left -> right`: each match of the left side starts a right side with what it has bound."""

from __future__ import annotations

from typing import Any

from slac.runtime.patterns.bindings import Bindings, Event
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent, loaded, offer, token_state
from slac.runtime.patterns.machine import Machine, Token


class FollowedInstance(Instance):
    """The left side while it lives, and the right sides, the oldest first."""

    __slots__ = ("_began", "_left", "_rights")

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._left: Instance | None = None
        self._rights: dict[Instance, Token] = {}
        self._began = machine.now

    def start(self) -> None:
        """The left side."""
        self._left = self._make(0, self.bindings)
        self._left.start()

    def event(self, event: Event) -> None:
        """To the right sides, the oldest partial match first, then to the left side."""
        for child in (*self._rights, self._left):
            if self.alive:
                offer(child, event)

    def stop(self) -> None:
        """Be gone with both sides."""
        self.alive = False
        if self._left is not None:
            self._left.stop()
        for child, token in self._rights.items():
            child.stop()
            self.machine.release(token)
        self._left, self._rights = None, {}

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Of the left side: start a right one. Of a right one: a match."""
        if child is self._left:
            if final:
                self._left = None
            self._follow(bindings)
            return
        if final:
            self._drop(child)
        self._match(bindings, final=self._is_over())

    def failed(self, child: Instance) -> None:
        """One side less; with nothing left, false."""
        if child is self._left:
            self._left = None
        else:
            self._drop(child)
        if self._is_over():
            self._fail()

    def expired(self, token: Token) -> None:
        """A right side has waited too long."""
        token.item.stop()
        self.failed(token.item)

    def load(self, saved: Any, codec: Codec) -> None:
        """Both sides."""
        self._began, left, rights = saved
        self._left = None if left is None else self._loaded(0, left, codec)
        for state, token in rights:
            child = loaded(self.step.parts[1], self.machine, self, self.bindings, state, codec)
            self._rights[child] = self._held(child, token)

    def _follow(self, bindings: Bindings) -> None:
        at_most = self.step.pattern.at_most
        if at_most is None or len(self._rights) < at_most:
            begun = bindings.since(self._began)
            right = self._make(1, begun)
            self._rights[right] = self._hold(right, begun)
            right.start()
        elif self._is_over():
            self._fail()

    def _is_over(self) -> bool:
        return self._left is None and not self._rights

    def _drop(self, child: Instance) -> None:
        self.machine.release(self._rights.pop(child, None))

    def _save(self, codec: Codec) -> Any:
        rights = [[self._saved(c, codec), token_state(t)] for c, t in self._rights.items()]
        # Only what can match without an event needs to know when it began.
        return [self._began if self.step.parts[0].clocked else 0, self._saved(self._left, codec), rights]
