"""An instance: one sub-pattern at work, with the bindings that were known when it began.

It tells its parent `matched` (for the last time, where that is final) or `failed`; its parent may stop it. It is
offered only events that come after it was made: whoever passes an event on takes a list of its children first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

from slac.runtime.patterns.bindings import Bindings, Bound, Event
from slac.runtime.patterns.machine import Machine, Token


class Parent(Protocol):
    """Whom an instance reports to."""

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """A child has matched; a final one is gone."""
        ...

    def failed(self, child: Instance) -> None:
        """A child can never match again, and is gone."""
        ...


class Codec(Protocol):
    """Bindings as JSON and back."""

    def write(self, bindings: Bindings) -> Any:
        """Bindings as JSON."""
        ...

    def read(self, saved: Any) -> Bindings:
        """What `write` wrote."""
        ...


class Maker(Protocol):
    """A sub-pattern of which instances can be made."""

    @property
    def mask(self) -> int:
        """The atoms in it, as bits."""
        ...

    @property
    def pattern(self) -> Any:
        """Its part of the tree."""
        ...

    @property
    def parts(self) -> tuple[Maker, ...]:
        """What stands in it, in text order."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The tags that its matches may bind."""
        ...

    @property
    def negative(self) -> bool:
        """Whether it only says what must not come."""
        ...

    @property
    def clocked(self) -> bool:
        """Whether it can match before any event has come: it begins with a timer or `not`."""
        ...

    def make(self, machine: Machine, parent: Parent, bindings: Bindings) -> Instance:
        """A new instance, not yet started."""
        ...


class Instance(ABC):
    """One sub-pattern at work; see the module."""

    __slots__ = ("alive", "bindings", "machine", "parent", "step")

    def __init__(self, step: Maker, machine: Machine, parent: Parent, bindings: Bindings) -> None:
        self.step = step
        self.machine = machine
        self.parent = parent
        self.bindings = bindings
        self.alive = True

    @abstractmethod
    def start(self) -> None:
        """Begin to listen; may report at once."""

    @abstractmethod
    def event(self, event: Event) -> None:
        """An event that some atom in here may fit."""

    @abstractmethod
    def stop(self) -> None:
        """Be gone, without a word."""

    def matched(self, child: Instance, bindings: Bindings, *, final: bool) -> None:
        """A child has matched."""
        raise NotImplementedError(type(self).__name__)

    def failed(self, child: Instance) -> None:
        """A child can never match again."""
        raise NotImplementedError(type(self).__name__)

    def expired(self, token: Token) -> None:
        """A partial match that is held here has lasted too long."""
        raise NotImplementedError(type(self).__name__)

    def save(self, codec: Codec, outer: Bindings | None) -> Any:
        """The state as JSON; bindings that are those of `outer` are not repeated."""
        own = None if self.bindings is outer else codec.write(self.bindings)
        return [own, self._save(codec)]

    def load(self, saved: Any, codec: Codec) -> None:
        """Take over what `_save` wrote, instead of a start."""
        raise NotImplementedError(type(self).__name__)

    @abstractmethod
    def _save(self, codec: Codec) -> Any: ...

    def _match(self, bindings: Bindings, *, final: bool) -> None:
        if final:
            self.stop()
        self.parent.matched(self, bindings, final=final)

    def _fail(self) -> None:
        self.stop()
        self.parent.failed(self)

    def _make(self, part: int, bindings: Bindings) -> Instance:
        return self.step.parts[part].make(self.machine, self, bindings)

    def _saved(self, child: Instance | None, codec: Codec) -> Any:
        return None if child is None else child.save(codec, self.bindings)

    def _loaded(self, part: int, saved: Any, codec: Codec) -> Instance:
        return loaded(self.step.parts[part], self.machine, self, self.bindings, saved, codec)

    def _hold(self, item: object, bindings: Bindings) -> Token:
        return self.machine.hold(self, item, bindings.first, counted_before=self.bindings.first is not None)

    def _held(self, item: object, saved: Any) -> Token:
        seq, expires = saved
        return self.machine.held(Token(self, item, seq, expires))


def loaded(step: Maker, machine: Machine, parent: Parent, outer: Bindings, saved: Any, codec: Codec) -> Instance:
    """An instance that goes on where a saved one was."""
    bindings = outer if saved[0] is None else codec.read(saved[0])
    instance = step.make(machine, parent, bindings)
    instance.load(saved[1], codec)
    return instance


def offer(child: Instance | None, event: Event) -> None:
    """Pass an event on to a child that is alive and may have use for it."""
    if child is not None and child.alive and child.step.mask & event.mask:
        child.event(event)


def token_state(token: Token) -> list[int | None]:
    """What `_held` needs."""
    return [token.seq, token.expires]


__all__ = ["Bound", "Codec", "Instance", "Maker", "Parent", "loaded", "offer", "token_state"]
