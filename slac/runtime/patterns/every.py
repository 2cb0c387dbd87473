"""`every`: begins anew with each match of what is in it, and when that turns false."""

from __future__ import annotations

from typing import Any

from slac.runtime.patterns.bindings import Bindings, Event
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent, offer, token_state
from slac.runtime.patterns.machine import Machine, Token


class EveryInstance(Instance):
    """Children, the oldest first; all but the newest have matched before and may match again."""

    __slots__ = ("_children", "_doomed", "_starting", "_tokens")

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._children: list[Instance] = []
        self._tokens: dict[int, Token] = {}
        self._starting = False
        self._doomed = False

    def start(self) -> None:
        """The first child."""
        self._begin()

    def event(self, event: Event) -> None:
        """To all children that are there now."""
        for child in tuple(self._children):
            if self.alive:
                offer(child, event)

    def stop(self) -> None:
        """Be gone with all children."""
        self.alive = False
        for child in self._children:
            child.stop()
        for token in self._tokens.values():
            self.machine.release(token)
        self._children, self._tokens = [], {}

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """Report, and begin anew; a child that is true already while it starts would do so for ever."""
        if self._starting:
            self._doomed = True
            return
        if final:
            self._drop(child)
        self._report(bindings)
        if self.alive:
            self._begin()

    def failed(self, child: Instance) -> None:
        """Begin anew."""
        if self._starting:
            self._doomed = True
            return
        self._drop(child)
        self._begin()

    def expired(self, token: Token) -> None:
        """Too many children: the oldest goes."""
        token.item.stop()
        self._drop(token.item)

    def load(self, saved: Any, codec: Codec) -> None:
        """The children, with their tokens."""
        for state, token in saved:
            child = self._loaded(0, state, codec)
            self._children.append(child)
            if token is not None:
                self._tokens[id(child)] = self._held(child, token)

    def _report(self, bindings: Bindings) -> None:
        self._match(bindings, final=False)

    def _begin(self) -> None:
        # All but the newest are partial matches, in a way: they are there because something has matched.
        for older in self._children:
            if id(older) not in self._tokens:
                self._tokens[id(older)] = self._hold(older, self.bindings)
        child = self._make(0, self.bindings)
        self._children.append(child)
        self._starting = True
        child.start()
        self._starting = False
        if self._doomed:
            self._fail()

    def _drop(self, child: Instance) -> None:
        self._children = [c for c in self._children if c is not child]
        self.machine.release(self._tokens.pop(id(child), None))

    def _save(self, codec: Codec) -> Any:
        tokens = self._tokens
        return [
            [self._saved(c, codec), token_state(tokens[id(c)]) if id(c) in tokens else None] for c in self._children
        ]
