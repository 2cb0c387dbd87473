"""What a change of the plan needs of the runtime that it is made in, and what that runtime ends with then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from slac.plan.graph import Plan
from slac.runtime.checkpoint import StateDirectory
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction
from slac.runtime.links.sending import Sending
from slac.runtime.operator import State
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.outputs import OutputWorker
from slac.runtime.shell.settings import RunSettings
from slac.stream.clock import Clock
from slac.stream.ports import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """What a runtime ends with that goes on with another plan.

    Without a state directory `states` are handed over, and always `records` that no journal holds, by input.
    """

    plan: Plan
    states: Mapping[str, State] | None = None
    records: Mapping[str, tuple[Records, ...]] = field(default_factory=dict)
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a change needs of its runtime. `build`: a core for a part of a plan. `number`: of the last checkpoint."""

    plan: Plan
    settings: RunSettings
    core: Core
    build: Callable[[Plan], Core]
    directory: StateDirectory | None
    outputs: Mapping[str, OutputWorker]
    queues: Mapping[str, InputQueue]
    client: Sending | None
    clock: Clock
    free: asyncio.Lock
    wake: Callable[[], None]
    carry_out: Callable[[list[Instruction]], None]
    written: Callable[[], Awaitable[None]]
    number: Callable[[], int]
    handed: str = ""

    @property
    def change(self) -> str:
        """The change that brought the plan which runs; empty where it was started with it."""
        current = None if self.directory is None else self.directory.deploying.current
        if current is None or Plan.from_json(current.plan).meaning != self.plan.meaning:
            return self.handed
        return current.change
