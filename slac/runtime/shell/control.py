"""Keeps a runtime in its budget: reads the meter, lets the controller decide, applies and records what it decided."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from slac.runtime.durable.files import append_lines
from slac.runtime.shell.gating import Gating
from slac.runtime.shell.summary import UsageSummary
from slac.shedding.controller import Controller, Decision
from slac.shedding.gate import GateDecision
from slac.shedding.meter import Meter
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND

STEP: Final = SECOND // 4
"""Between two decisions (µs)."""
UNWRITTEN: Final = 10_000
"""So many decisions wait, the latest, for a disk that refuses them."""

log = logging.getLogger("slac.gate")


class Control:
    """The budget of one runtime. `trouble`: why decisions cannot be recorded; empty where they can.

    `network` gives the bytes sent and received over links since the start, `demanded` those received and to be sent.
    """

    def __init__(
        self,
        gating: Gating,
        *,
        budget: ResolvedBudget,
        meter: Meter,
        network: Callable[[], int],
        demanded: Callable[[], int],
        record: Path | None,
        idle_cores: float = 0.0,
    ) -> None:
        self.usage = UsageSummary(budget=budget)
        self.refusing = False
        self.decided: Callable[[GateDecision], None] = lambda _: None
        self.reading: Reading | None = None
        self._gating = gating
        self._meter = meter
        self._controller = Controller(budget, idle_cores=idle_cores)
        self._network = network
        self._demanded = demanded
        self._record = record
        self._last_reading = 0
        self._unwritten: deque[bytes] = deque(maxlen=UNWRITTEN)
        self.trouble = ""

    def step(self, now: int) -> None:
        """Read, decide, apply."""
        reading = self.reading = self._meter.read(now, self._network(), self._demanded())
        if now - self._last_reading >= SECOND:
            self._write()
            if self._last_reading:
                self.usage.add(reading)
            self._last_reading = now
        decision = self._controller.decide(reading, self._gating.loads(now))
        self._gating.look(decision)
        self._gating.bound(decision)
        if decision.changed or self._gating.owes:
            self._apply(decision, now)
            self._write()

    def _apply(self, decision: Decision, now: int) -> None:
        self.refusing = decision.refuse
        for made in self._gating.obey(decision, now):
            log.info("gate of %s admits %.1f %% (%s)", made.input, 100 * made.fraction, made.reason)
            self.decided(made)
            self._unwritten.append(msgspec.json.encode(made))

    def _write(self) -> None:
        """Record what has been decided, and what could not be recorded before."""
        if self._record is None or not self._unwritten:
            return
        try:
            append_lines(self._record, self._unwritten)
        except OSError as error:
            if not self.trouble:
                log.warning("a gate decision could not be recorded in %s: %s", self._record, error.strerror)
            self.trouble = str(error.strerror or error)
            return
        self._unwritten.clear()
        if self.trouble:
            log.warning("gate decisions are recorded in %s again", self._record)
        self.trouble = ""
