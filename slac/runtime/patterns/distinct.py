"""`every-distinct`: like `every`, but a match whose keys were seen before is swallowed."""

from __future__ import annotations

import math
from typing import Any

from slac.runtime.patterns.bindings import Bindings
from slac.runtime.patterns.calendar import after
from slac.runtime.patterns.every import EveryInstance
from slac.runtime.patterns.instance import Codec, Instance, Maker, Parent, token_state
from slac.runtime.patterns.machine import Machine, Token


class DistinctInstance(EveryInstance):
    """Keys are forgotten `forget` after the match that was reported, or all when the child turns false."""

    __slots__ = ("_seen",)

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        super().__init__(step, machine, parent, bindings)
        self._seen: dict[Any, tuple[int | None, Token]] = {}

    def stop(self) -> None:
        """Be gone with all children and keys."""
        super().stop()
        self._forget_all()

    def failed(self, child: Instance) -> None:
        """Begin anew, with no key."""
        self._forget_all()
        super().failed(child)

    def expired(self, token: Token) -> None:
        """Too many: the oldest child or key goes."""
        if token.item in self._seen:
            self._forget(token.item)
        else:
            super().expired(token)

    def load(self, saved: Any, codec: Codec) -> None:
        """The children and the keys."""
        children, seen = saved
        super().load(children, codec)
        for key, until, token in seen:
            frozen = _frozen(key)
            self._seen[frozen] = (until, self._held(frozen, token))

    def _report(self, bindings: Bindings) -> None:
        for key in [k for k, (until, _) in self._seen.items() if until is not None and until <= self.machine.now]:
            self._forget(key)
        pattern = self.step.pattern
        key = _frozen([self.machine.meaning.value(text, bindings) for text in pattern.keys])
        if key in self._seen:
            return
        until = None
        if pattern.forget is not None:
            until = after(self.machine.now, pattern.forget, self.machine.meaning, self.bindings)
        # A key is no event: it does not end with `within`, only `limit` counts it.
        self._seen[key] = (until, self._hold(key, Bindings()))
        super()._report(bindings)

    def _forget(self, key: Any) -> None:
        self.machine.release(self._seen.pop(key)[1])

    def _forget_all(self) -> None:
        for key in tuple(self._seen):
            self._forget(key)

    def _save(self, codec: Codec) -> Any:
        seen = [[key, until, token_state(token)] for key, (until, token) in self._seen.items()]
        return [super()._save(codec), seen]


def _frozen(value: Any) -> Any:
    """A value by which equal ones are found; True is not 1, and every NaN is the same."""
    match value:
        case list() | tuple():
            return tuple(_frozen(v) for v in value)
        case dict():
            return tuple((k, _frozen(v)) for k, v in value.items())
        case bool():
            return "true" if value else "false", 0
        case float() if math.isnan(value):
            return "nan", 0
        case _:
            return value
