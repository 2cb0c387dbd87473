"""The exchange of a running plan for another, as one runtime takes part in it.

Theory of operation. The core stops at a cut, and the state of the next plan is made of what it has left (the core is
not touched: to give up is to go on). It is kept beside the old one, and one renaming decides. Where several runtimes
take part, the one that only receives decides for all; who has sealed and hears nothing asks it by the link, also after
a crash, and does nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final, Literal

from slac.diagnostics import RunFailed, SlacError, UsageError
from slac.plan.changes import at_home
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.plan.user import activate
from slac.runtime.checkpoint import Cut, StateDirectory, pack, unpack
from slac.runtime.durable.deployed import Deployed
from slac.runtime.durable.pieces import cut
from slac.runtime.inspection.changing import (
    AskAbandon,
    AskCommit,
    AskDrain,
    AskPlan,
    AskPrepare,
    AskSeal,
    ChangeAnswer,
    ChangeQuestion,
    Done,
    NotYet,
    Parcel,
    ThePlan,
)
from slac.runtime.instructions import Publish
from slac.runtime.links.sending import Sending
from slac.runtime.operator import State
from slac.runtime.shell.surroundings import Succession, Surroundings
from slac.runtime.shell.wiring import make_inputs, make_outputs
from slac.runtime.succession.cutting import ROWS, Ended, HeldBack, ended, exports
from slac.runtime.succession.inheriting import Estate, inherit
from slac.stream.clock import SECOND

PATIENCE: Final = 30 * SECOND
"""A change of which nothing was heard for so long (µs) is given up, or, when that is not ours to decide, asked for."""
PUBLISHING: Final = 5 * SECOND
"""For so long (µs) outputs may publish what the old plan has said; the rest goes over to the new one."""

log = logging.getLogger("slac.change")

Phase = Literal["none", "paused", "draining", "drained", "sealing", "sealed", "begun"]


class Change:
    """At most one change at a time; `succession` is what it led to, once it has begun."""

    def __init__(self, around: Surroundings) -> None:
        self._brought = around.change
        self.succession: Succession | None = None
        self.is_undecided = False
        self._around = around
        self._phase: Phase = "none"
        self._name = ""
        self._plan = around.plan
        self._heard = 0
        self._since = 0
        self._drain = AskDrain(change="")
        self._seal = AskSeal(change="")
        self._left: Ended | None = None
        self._parcels: tuple[Parcel, ...] = ()
        self._states: dict[str, State] = {}
        self._given_up: dict[str, str] = {}

    @property
    def outcome(self) -> Succession | None:
        """What the runtime is to end with: the new plan, or the old one once more, to ask which of both it is."""
        if self.succession is None and self.is_undecided:
            return Succession(plan=self._around.plan, change=self._brought)
        return self.succession

    @property
    def is_paused(self) -> bool:
        """Whether the core takes no records and no time."""
        return self._phase != "none"

    @property
    def is_frozen(self) -> bool:
        """Whether it takes nothing at all."""
        return self._phase not in ("none", "paused")

    def begun(self, change: str) -> bool | None:
        """Whether a change came about here; None while that is open."""
        if change in {self._brought, self._name if self._phase == "begun" else ""}:
            return True
        return None if change == self._name and self._phase != "none" else False

    def on_change(self, asked: ChangeQuestion) -> ChangeAnswer:
        """The answer to a question; a SlacError says why there is none."""
        self._heard = self._around.clock.now()
        match asked:
            case AskPlan():
                return ThePlan(plan=self._around.plan.to_json(), change=self._brought)
            case AskPrepare():
                self._prepare(asked)
                return Done()
            case AskCommit(change=name) if self.begun(name):
                return Done()
        self._refuse_others(asked.change)
        self._around.wake()
        match asked:
            case AskDrain():
                return self._on_drain(asked)
            case AskSeal():
                return self._on_seal(asked)
            case AskCommit():
                self.commit()
            case AskAbandon():
                self.abandon("it was called off")
        return Done()

    def resume(self) -> bool:
        """Whether a change that was agreed to before a crash must be asked for; one that is ours to decide is over."""
        directory, client = self._around.directory, self._around.client
        sealed = None if directory is None else directory.deploying.sealed
        if sealed is None or directory is None:
            return False
        self._phase, self._name, self._plan = "sealed", sealed.change, Plan.from_json(sealed.plan)
        self._seal = AskSeal(change=sealed.change, decides=client is None)
        self._heard = self._around.clock.now()
        if client is None:
            self.abandon("the runtime ended before it was begun")
            return False
        log.warning("asking the runtime that decides whether change %s was begun", self._name)
        client.speak_of(sealed.change)
        return True

    def hear(self, client: Sending | None) -> None:
        """Do what the runtime that decides has said."""
        if client is not None and client.decided == "begin":
            self.commit()
        elif client is not None and client.decided == "give up":
            self.abandon("others had given it up")

    async def step(self) -> None:
        """Go on with what was asked for; nothing where nothing was."""
        if self._phase in ("none", "begun"):
            return
        try:
            if self._phase == "draining":
                await self._work_off()
            elif self._phase == "sealing":
                await self._put_together()
            elif self._phase == "sealed" and not self._seal.decides:
                self.hear(self._around.client)
        except SlacError as error:
            self.abandon(str(error))
        except Exception as error:
            log.exception("the state of the new plan could not be put together")
            self.abandon(f"the state of the new plan could not be put together: {type(error).__name__}: {error}")
        if self._around.clock.now() - self._heard > PATIENCE:
            self._lose_patience()

    def stop(self) -> None:
        """The runtime is to end: what is ours to give up is given up."""
        if self._phase == "sealed" and not self._seal.decides:
            self.is_undecided = True
        elif self._phase not in ("none", "begun"):
            self.abandon("the runtime was stopped")

    def commit(self) -> None:
        """From now on the new plan is the one. RunFailed where the disk refuses."""
        if self._phase != "sealed":
            raise UsageError("nothing was sealed that could be begun")
        directory = self._around.directory
        if directory is not None:
            try:
                directory.deploying.commit()
            except OSError as error:
                raise RunFailed(f"the change could not be written: {error.strerror}") from error
        self._phase = "begun"
        states = None if directory is not None else self._states
        # Journals and files are read again; all else that waits would be lost.
        waiting = {n: q.waiting_records() for n, q in self._around.queues.items() if q.journal is None}
        waiting = {n: r for n, r in waiting.items() if not self._around.queues[n].source.node.can_wait}
        self.succession = Succession(plan=self._plan, states=states, records=waiting, change=self._name)
        log.info("going on with another plan: change %s", self._name)
        self._around.wake()

    def abandon(self, why: str) -> None:
        """Go on as if nothing had been asked."""
        if self._phase in ("none", "begun"):
            return
        log.warning("the change %s was given up: %s", self._name, why)
        if self._phase == "sealed" and self._around.directory is not None:
            with suppress(OSError):  # what cannot be removed is asked for at the next start, and given up then
                self._around.directory.deploying.abandon()
        if self._around.client is not None:
            self._around.client.speak_of("")
        self._given_up = {self._name: why}
        self._phase, self._left, self._parcels, self._states = "none", None, (), {}
        self._around.wake()

    def _prepare(self, asked: AskPrepare) -> None:
        if self._phase != "none":
            if self._name != asked.change:
                raise UsageError("another change is being made here")
            return
        around, plan = self._around, at_home(Plan.from_json(asked.plan), self._around.plan)
        self._check(plan)
        part = plan.part(around.settings.node)
        make_inputs(part, around.settings, around.clock)
        make_outputs(part, around.settings)
        self._phase, self._name, self._plan = "paused", asked.change, plan
        log.info("asked to go on with another plan: change %s", self._name)

    def _check(self, plan: Plan) -> None:
        around, node = self._around, self._around.settings.node
        if around.settings.once:
            raise UsageError("this runtime reads its inputs to their end (--once) and then stops")
        if plan.document != around.plan.document:
            raise UsageError(f'this runtime runs "{around.plan.document}", not "{plan.document}"')
        if not any(n.node == node for n in plan.nodes):
            raise UsageError(f'the new plan has nothing to do for the node "{node}": stop its runtimes first')
        activate(plan.data.functions, allowed=bool(around.plan.data.functions))

    def _refuse_others(self, name: str) -> None:
        if self._phase != "none" and name == self._name:
            return
        if name in self._given_up:
            raise RunFailed(self._given_up[name])
        raise UsageError("this change is not being made here (any more)")

    def _on_drain(self, asked: AskDrain) -> ChangeAnswer:
        if self._phase == "paused":
            self._phase, self._drain, self._since = "draining", asked, self._heard
            self._around.carry_out(self._around.core.settle())
        return NotYet() if self._phase == "draining" else Done(parcels=self._parcels)

    def _on_seal(self, asked: AskSeal) -> ChangeAnswer:
        if self._phase == "drained":
            self._phase, self._seal = "sealing", asked
        return Done() if self._phase == "sealed" else NotYet()

    async def _work_off(self) -> None:
        """Wait until nothing is on its way any more, and cut."""
        around, now = self._around, self._around.clock.now()
        if around.client is not None and not around.client.is_through:
            return
        if any(o.waiting for o in around.outputs.values()) and now - self._since < PUBLISHING:
            return
        await around.written()
        arrived = [_held(p) for p in self._drain.parcels if p.name.startswith(f"{ROWS}:")]
        part = around.plan.part(around.settings.node)
        async with around.free:
            self._left = await asyncio.to_thread(
                lambda: ended(around.core, around.build(part), arrived, around.clock.now())
            )
        me = f"{around.settings.node}/{around.settings.instance}"
        packed = pack(exports(around.plan, self._plan, around.settings.node, self._left))
        self._parcels = tuple(Parcel(origin=me, name=name, state=state) for name, state in packed.items())
        self._phase = "drained"

    async def _put_together(self) -> None:
        """Make the state of the new plan, and keep it."""
        await asyncio.to_thread(self._made)
        self._phase = "sealed"
        if self._around.client is not None and not self._seal.decides:
            # The receiver may begin at any moment, and would refuse who speaks of the old plan only.
            self._around.client.speak_of(self._name)

    def _made(self) -> None:
        around, left, node = self._around, self._left, self._around.settings.node
        assert left is not None
        now = around.clock.now()
        part = self._plan.part(node)
        core = around.build(part)
        others = [p for p in self._seal.parcels if not p.name.startswith(f"{ROWS}:")]
        opened = {(_known_as(p.name), p.origin): unpack({"": p.state})[""] for p in others}
        estate = Estate(own=left.states, others=opened, first=self._seal.first)
        inherit(core, around.plan, self._plan, node, estate, now)
        states = {**core.snapshot(), **self._unpublished(part, left)}
        if around.directory is None:
            self._states = states
            return
        number = around.number() + 1
        made = Cut(digest=self._plan.meaning, taken=now, number=number, states=cut(states))
        around.directory.seal(made, self._deployed(around.directory))

    def _unpublished(self, part: Plan, left: Ended) -> dict[str, State]:
        """What outputs have still to publish."""
        around = self._around
        there = {n.block for n in part.nodes} | {name for name in around.outputs if name.endswith(":")}
        extra: dict[str, list[Publish]] = {}
        for said in left.said:
            extra.setdefault(said.output, []).append(said)
        found = {}
        for name, worker in around.outputs.items():
            state = worker.snapshot()
            blocks = [*state.values["blocks"], *(s.block for s in extra.get(name, ()))]
            frames = [*state.frames.values(), *(s.frame for s in extra.get(name, ()))]
            if name in there:
                found[f"output:{name}"] = State({"blocks": blocks}, {str(i): f for i, f in enumerate(frames)})
            elif blocks:
                raise RunFailed(f'output "{name}" is gone from the new plan, and has not published all of the old')
        return found

    def _deployed(self, directory: StateDirectory) -> Deployed:
        around, before = self._around, directory.deploying.current
        replaced = {*(before.replaced if before is not None else ()), around.plan.data.digest}
        kept = {(n.block, n.adapter) for n in self._plan.nodes if isinstance(n, SourceNode)}
        sources = (n for n in around.plan.part(around.settings.node).nodes if isinstance(n, SourceNode))
        return Deployed(
            change=self._name,
            plan=self._plan.to_json(),
            replaced=tuple(sorted(replaced - {self._plan.data.digest})),
            forget=tuple(n.block for n in sources if (n.block, n.adapter) not in kept),
        )

    def _lose_patience(self) -> None:
        if self._phase == "sealed" and not self._seal.decides:
            if not self.is_undecided:
                log.warning("nothing was heard of the change %s; asking the runtime that decides", self._name)
            self.is_undecided = True
            self._around.wake()
        else:
            self.abandon("nothing more was heard of it")


def _held(parcel: Parcel) -> HeldBack:
    rows = unpack({"": parcel.state})[""].frames["rows"]
    return HeldBack(stream=parcel.name.removeprefix(f"{ROWS}:"), peer=parcel.origin, rows=rows)


def _known_as(name: str) -> str:
    """A state by the id of its node, marks with what they are."""
    return name.removeprefix("node:")
