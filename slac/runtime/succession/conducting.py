"""One change of the plan of many runtimes, step by step: either all go on with the new one, or all with the old.

The one who conducts may vanish at any moment: who has sealed asks the one that decides, who has not gives up.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from slac.diagnostics import RunFailed, SlacError, UsageError
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.inspection.changing import (
    AskAbandon,
    AskCommit,
    AskDrain,
    AskPlan,
    AskPrepare,
    AskSeal,
    ChangeQuestion,
    Done,
    NotYet,
    Parcel,
    ThePlan,
)
from slac.runtime.inspection.client import Asked, Place
from slac.runtime.inspection.protocol import Answer, Denied
from slac.runtime.succession.cutting import ROWS
from slac.runtime.succession.partners import Partner, in_order_of_flow

PATIENCE: Final = 20.0
"""Seconds in which a runtime answers one question."""
WHOLE: Final = 300.0
"""Seconds in which each step of a change is done everywhere."""
_PAUSE: Final = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change that was made: its name, and for how long nothing was worked off (s)."""

    change: str
    stood_still: float


def running_plan(place: Place) -> ThePlan:
    """The plan that a runtime runs; a SlacError where it does not say."""
    with Asked(place) as asked:
        answer = _ask(asked, place, AskPlan())
    if not isinstance(answer, ThePlan):
        raise RunFailed(f"{place.name} does not say what it runs")
    return answer


@dataclass(slots=True)
class _Conductor:
    """A change by name, over open sockets to all partners, in the order of the flow."""

    change: str
    partners: Sequence[Partner]
    sockets: Mapping[str, Asked]
    parcels: dict[str, tuple[Parcel, ...]] = field(default_factory=dict)

    def ask(self, partner: Partner, question: ChangeQuestion) -> Answer:
        """One answer; a SlacError where it is a refusal, or there is none."""
        return _ask(self.sockets[partner.name], partner.place, question)

    def until_done(self, questions: Mapping[str, ChangeQuestion]) -> None:
        """Ask each of these partners until it has done what it was asked for."""
        waiting = {p.name: p for p in self.partners if p.name in questions}
        deadline = time.monotonic() + WHOLE
        while waiting:
            for name, partner in list(waiting.items()):
                match self.ask(partner, questions[name]):
                    case Done(parcels=parcels):
                        self.parcels[name] = parcels
                        del waiting[name]
                    case NotYet():
                        continue
                    case _:
                        raise RunFailed(f"{name} says something else than was asked")
            if waiting and time.monotonic() > deadline:
                raise RunFailed(f"{', '.join(waiting)} did not come to an end within {WHOLE:.0f} s")
            if waiting:
                time.sleep(_PAUSE)

    def abandon(self) -> None:
        """Let all go on as before, as far as they can be told."""
        for partner in self.partners:
            try:
                self.ask(partner, AskAbandon(change=self.change))
            except SlacError:
                continue


def conduct(partners: Sequence[Partner], old: Plan, new: Plan, told: Callable[[str], None]) -> Changed:
    """Exchange `old` for `new` on all partners; `told` hears what is being done.

    A SlacError says why it was not done: then all go on with `old`. RunFailed says so where it cannot be known.
    """
    ordered = in_order_of_flow(partners, old)
    with _connected(ordered) as sockets:
        made = _Conductor(uuid.uuid4().hex, ordered, sockets)
        try:
            began = _prepare(made, new, told)
            _drain(made, old, told)
            _seal(made, told)
        except SlacError:
            made.abandon()
            raise
        _commit(made, told)
    return Changed(change=made.change, stood_still=time.monotonic() - began)


def _prepare(made: _Conductor, new: Plan, told: Callable[[str], None]) -> float:
    told("asking all runtimes whether they can")
    plan = new.to_json()
    began = time.monotonic()
    for partner in made.partners:
        made.ask(partner, AskPrepare(change=made.change, plan=plan))
    return began


def _drain(made: _Conductor, old: Plan, told: Callable[[str], None]) -> None:
    """From those that only send on, so that each hears what those that send to it have held back."""
    told("working off what is on its way")
    for partner in made.partners:
        links = (n for n in old.nodes if isinstance(n, LinkOutNode))
        streams = {f"{ROWS}:{n.stream}" for n in links if n.to == partner.status.node}
        arrived = [p for parcels in made.parcels.values() for p in parcels if p.name in streams]
        made.until_done({partner.name: AskDrain(change=made.change, parcels=tuple(arrived))})


def _seal(made: _Conductor, told: Callable[[str], None]) -> None:
    told("putting the state of the new plan together")
    everything = [p for parcels in made.parcels.values() for p in parcels if not p.name.startswith(f"{ROWS}:")]
    first = {p.status.node: p.name for p in reversed(made.partners)}
    made.until_done(
        {
            p.name: AskSeal(
                change=made.change,
                parcels=tuple(e for e in everything if e.origin != p.name),
                first=first[p.status.node] == p.name,
                decides=p is made.partners[-1],
            )
            for p in made.partners
        }
    )


def _commit(made: _Conductor, told: Callable[[str], None]) -> None:
    """The one that decides first; whoever does not hear of it asks it."""
    *others, decides = made.partners
    told("beginning")
    try:
        made.ask(decides, AskCommit(change=made.change))
    except UsageError:
        made.abandon()
        raise
    except RunFailed as error:
        if not _has_begun(made, decides):
            raise RunFailed(
                f"{decides.name}, which decides, gave no answer ({error}). When it runs again, all others go by what "
                "it has begun: `slac status` shows it"
            ) from error
    for partner in others:
        try:
            made.ask(partner, AskCommit(change=made.change))
        except SlacError:
            told(f"{partner.name} does not answer; it will ask {decides.name} when it runs")


def _has_begun(made: _Conductor, partner: Partner) -> bool:
    try:
        return running_plan(partner.place).change == made.change
    except SlacError:
        return False


def _ask(asked: Asked, place: Place, question: ChangeQuestion) -> Answer:
    asked.send(question)
    answer = asked.receive(PATIENCE)
    match answer:
        case None:
            raise RunFailed(f"{place.name} does not answer")
        case Denied(reason=reason):
            raise UsageError(f"{place.name}: {reason}")
    return answer


@contextmanager
def _connected(partners: Sequence[Partner]) -> Iterator[Mapping[str, Asked]]:
    with ExitStack() as stack:
        yield {p.name: stack.enter_context(Asked(p.place)) for p in partners}
