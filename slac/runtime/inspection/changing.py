"""What is said over control sockets when the plan of running runtimes is exchanged; all of it needs the scope `admin`.

In this order: `AskPrepare` to all, `AskDrain` to all from those that only send to the one that only receives,
`AskSeal` to all, `AskCommit` to that last one first, which decides by it, and then to all others.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from slac.runtime.durable.pieces import StateInPieces

LARGEST_CHANGE: Final = 512 * 1024 * 1024
"""Bytes of a question that brings a plan or states."""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the runtime `origin` (`node/instance`) that others need.

    `name`: `rows:<stream>` for rows that were still held back before a link, `node:<id>` for the state of a node that
    goes on elsewhere, `marks:<id>` for how far it had come.
    """

    origin: str
    name: str
    state: StateInPieces


class AskPlan(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """The plan that runs."""


class AskPrepare(msgspec.Struct, frozen=True, kw_only=True, tag="prepare"):
    """Could this plan (JSON) run here? If so the core takes nothing more in, until the change is over."""

    change: str
    plan: bytes


class AskDrain(msgspec.Struct, frozen=True, kw_only=True, tag="drain"):
    """Work off what has come in, and say what others need; `parcels`: rows of those that send here."""

    change: str
    parcels: tuple[Parcel, ...] = ()


class AskSeal(msgspec.Struct, frozen=True, kw_only=True, tag="seal"):
    """Put together the state of the new plan, and keep it beside that of the old one.

    `first`: of all instances of the node, this one takes what only one may. `decides`: all others go by what it does.
    """

    change: str
    parcels: tuple[Parcel, ...] = ()
    first: bool = True
    decides: bool = True


class AskCommit(msgspec.Struct, frozen=True, kw_only=True, tag="commit"):
    """Begin with the new plan."""

    change: str


class AskAbandon(msgspec.Struct, frozen=True, kw_only=True, tag="abandon"):
    """Go on with the old plan."""

    change: str


class ThePlan(msgspec.Struct, frozen=True, kw_only=True, tag="the plan"):
    """The plan that runs, as JSON, and the change that brought it; empty where it was started with it."""

    plan: bytes
    change: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """What was asked for is done; `parcels` are for others."""

    parcels: tuple[Parcel, ...] = ()


class NotYet(msgspec.Struct, frozen=True, kw_only=True, tag="not yet"):
    """It is being done: ask again."""


ChangeQuestion = AskPlan | AskPrepare | AskDrain | AskSeal | AskCommit | AskAbandon
ChangeAnswer = ThePlan | Done | NotYet


class Changing(Protocol):
    """What a control socket asks about changes."""

    def on_change(self, asked: ChangeQuestion) -> ChangeAnswer:
        """The answer, at once; a SlacError says why there is none."""
        ...
