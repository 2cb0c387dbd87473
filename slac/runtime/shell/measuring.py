"""What the nodes of a running runtime cost and pass on, minute by minute: told in its status, kept in a file, judged.

The model's own prediction, at the rates, shares and groups that were measured, is set beside what was used; where it
is far off for some minutes on end, that is a trouble of the runtime.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from slac.diagnostics import SlacError
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.core import Core
from slac.runtime.costs import Tally
from slac.runtime.shell.settings import RunSettings
from slac.runtime.troubles.trouble import DRIFT, Trouble
from slac.shedding.capacity.calibration import calibration_of
from slac.shedding.capacity.measured import Drift, Measured, NodeMeasured, drift_of
from slac.stream.clock import SECOND

FILE: Final = "measured.json"
"""In the state directory: the last minutes, for `slac capacity report --measured`."""
EVERY: Final = 60 * SECOND
"""So often (µs) is looked …"""
LOOKS: Final = 5
"""… at what was used in so many of these times together."""
PATIENCE: Final = 3
"""Looks in a row that find the model off before it is said: one may have met a burst of something else."""

log = logging.getLogger("slac.runtime.measuring")


@dataclass(frozen=True, slots=True)
class _Look:
    """All counters at one moment (µs)."""

    at: int
    tallies: dict[str, Tally]
    rows: dict[str, int]
    seen: dict[str, int]


class Measuring:
    """Of one runtime; `last`: what was measured at the last look, None before the first minute has gone."""

    def __init__(self, core: Core, settings: RunSettings, directory: Path | None) -> None:
        self.last: Measured | None = None
        self._core = core
        self._settings = settings
        self._calibration = calibration_of(settings.calibration)
        self._file = None if directory is None else directory / FILE
        self._looks: deque[_Look] = deque(maxlen=LOOKS + 1)
        self._off = 0
        self._drift: Trouble | None = None

    def look(self, now: int) -> tuple[Trouble, ...]:
        """Measure, where it is time; the trouble that stands, if there is one."""
        if not self._looks or now >= self._looks[-1].at + EVERY:
            self._looks.append(self._counters(now))
            if len(self._looks) > 1:
                self.last = self._measured()
                self._keep(self.last)
                self._judge(self.last)
        return () if self._drift is None else (self._drift,)

    def _counters(self, now: int) -> _Look:
        flow = self._core.flow
        return _Look(
            now,
            {name: replace(tally) for name, tally in flow.costs.tallies.items()},
            dict(flow.counted),
            {name: source.gate.counts.seen for name, source in self._core.sources.items()},
        )

    def _measured(self) -> Measured:
        first, last = self._looks[0], self._looks[-1]
        seconds = (last.at - first.at) / SECOND
        plan = self._core.plan
        return Measured(
            document=plan.document,
            meaning=plan.meaning,
            node=self._settings.node,
            instance=self._settings.instance,
            now=last.at,
            seconds=seconds,
            rates={n: (seen - first.seen.get(n, 0)) / seconds for n, seen in last.seen.items()},
            nodes={n.id: _node(n.id, first, last, seconds) for n in plan.nodes},
        )

    def _keep(self, measured: Measured) -> None:
        if self._file is None:
            return
        try:
            unfinished = self._file.with_name(f"{FILE}.tmp")
            unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2))
            unfinished.replace(self._file)
        except OSError as error:
            log.warning("measurements could not be written to %s: %s", self._file, error.strerror)

    def _judge(self, measured: Measured) -> None:
        found = self._drift_of(measured)
        self._off = 0 if found is None else self._off + 1
        if found is None:
            self._drift = None
        elif self._off >= PATIENCE:
            since = self._drift.since if self._drift is not None else measured.now
            self._drift = self._told(found, since)

    def _drift_of(self, measured: Measured) -> Drift | None:
        plan: Plan = self._core.plan
        if not any(measured.rates.get(n.block) for n in plan.nodes if isinstance(n, SourceNode)):
            return None
        try:
            return drift_of(plan, measured, self._calibration)
        except SlacError:  # a calibration without a kind of ours cannot judge
            return None

    def _told(self, drift: Drift, since: int) -> Trouble:
        dear = drift.measured > drift.predicted
        return Trouble(
            block=DRIFT,
            node=self._settings.node,
            instance=self._settings.instance,
            what="cpu",
            since=since,
            reason="dearer" if dear else "cheaper",
            message=(
                f"the capacity model says {drift.predicted:.3g} cores for what takes {drift.measured:.3g}, "
                f'most of the difference in "{drift.block}"; slac capacity report --measured shows both'
            ),
        )


def _node(node_id: str, first: _Look, last: _Look, seconds: float) -> NodeMeasured:
    tally = _since(last.tallies.get(node_id, Tally()), first.tallies.get(node_id, Tally()))
    call, row = tally.line()
    return NodeMeasured(
        calls=tally.calls / seconds,
        rows_in=tally.rows / seconds,
        rows_out=(last.rows.get(node_id, 0) - first.rows.get(node_id, 0)) / seconds,
        cores=tally.seconds / seconds,
        call=call,
        row=row,
    )


def _since(last: Tally, first: Tally) -> Tally:
    return Tally(
        calls=last.calls - first.calls,
        rows=last.rows - first.rows,
        seconds=last.seconds - first.seconds,
        squares=last.squares - first.squares,
        products=last.products - first.products,
    )
