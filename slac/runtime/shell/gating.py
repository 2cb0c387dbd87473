"""Between the controller and the gates: what each input offers, and how each gate and queue does what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from slac.plan.shedding import GateSpec
from slac.plan.waiting import PRESSED
from slac.runtime.operator import BEGINNING
from slac.runtime.shell.inputs import InputQueue
from slac.shedding.admission import OPEN, Admission
from slac.shedding.controller import Decision
from slac.shedding.gate import GateDecision
from slac.shedding.offers import InputLoad
from slac.stream.clock import SECOND

FORGETTING: Final = 0.995
"""How much a step keeps of what carrying counts has cost, while nothing is counted."""
CAUGHT_UP: Final = 0.5
"""An input that lagged too far is dropped from until it lags by no more than this part of what it may."""


@dataclass(slots=True)
class _Seen:
    """What was known of an input at the last step."""

    counted: int = 0
    carriers: int = 0
    carried: float = 0.0
    lags: bool = False


@dataclass(slots=True)
class Gating:
    """The gates of a runtime; `costs`: CPU seconds a record by input, `reading`: what of it goes into decoding."""

    queues: Mapping[str, InputQueue]
    costs: Mapping[str, float]
    reading: Mapping[str, float]
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _looked: int = BEGINNING
    owes: bool = False
    """A decision was not obeyed everywhere, for records come again that had been decided about."""

    def loads(self, now: int) -> dict[str, InputLoad]:
        """Every input as it stands at `now` (wall clock, µs)."""
        return {name: self._load(name, queue, now) for name, queue in self.queues.items()}

    def look(self, decision: Decision) -> None:
        """Let gates look at events when there are many, once a second; then nothing waits unseen, either."""
        self._press(decision)
        if decision.demand_cores > PRESSED * decision.allowed_cores and decision.at - self._looked >= SECOND:
            self._looked = decision.at
            for queue in self.queues.values():
                queue.source.sieve.look = True

    def _press(self, decision: Decision) -> None:
        is_pressed = decision.refuse or decision.demand_cores > PRESSED * decision.allowed_cores
        for queue in self.queues.values():
            if queue.patience is not None:
                queue.patience.is_pressed = is_pressed or not queue.source.gate.decision.admission.is_open

    def bound(self, decision: Decision) -> None:
        """Let no more wait before each gate than was decided."""
        for name, queue in self.queues.items():
            queue.bound(decision.depths.get(name))

    def obey(self, decision: Decision, now: int) -> Iterator[GateDecision]:
        """Let gates and paces do what was decided at `now`; what gates decided thereby, to be recorded."""
        for name, pace in decision.paces.items():
            queue = self.queues[name]
            (queue.pacer if queue.overflow is None else queue.taking).set_rate(pace, now)
        for name in decision.fractions:
            queue = self.queues[name]
            queue.pacer.set_rate(None, now)
            queue.taking.set_rate(decision.delays.get(name), now)
        yield from self._decided(decision, now)

    def _decided(self, decision: Decision, now: int) -> Iterator[GateDecision]:
        since = self._since()
        # Gates that keep the same keys decide at once.
        held = {_group(n, q) for n, q in self.queues.items() if q.source.is_repeating}
        self.owes = bool(held)
        for name, queue in self.queues.items():
            # What has caught up is paced again, and nothing of it is dropped.
            fraction = decision.fractions.get(name, 1.0)
            gate, spec = queue.source.gate, queue.source.node.gate
            if fraction == gate.fraction or _group(name, queue) in held:
                continue
            admission = decision.admissions.get(name, OPEN)
            if spec.key or spec.windows is not None:
                admission = _from(admission, since[spec.shared or name], spec)
            made = gate.set_admission(
                fraction,
                decision.reason,
                queue.source.positions,
                at=now,
                readings=decision.reading,
                targets=decision.targets,
                admission=admission,
                error=decision.errors.get(name),
            )
            queue.source.deeds.decided(made)
            yield made

    def _since(self) -> dict[str, int]:
        """The event time from which a decision about whole keys holds: one that no gate of a group has seen yet."""
        found: dict[str, int] = {}
        for name, queue in self.queues.items():
            source = queue.source
            shared = source.node.gate.shared or name
            found[shared] = max(found.get(shared, BEGINNING), source.arrival.latest + 1, source.arrival.watermark)
        return found

    def _load(self, name: str, queue: InputQueue, now: int) -> InputLoad:
        source = queue.source
        counts, spec, rate = source.gate.counts, source.node.gate, source.node.rate
        seen = self._seen.setdefault(name, _Seen())
        self._carry(seen, counts.counted, counts.carriers)
        drops = not queue.can_wait or self._lags(seen, queue, now)
        # What nobody misses yet is as good as worked off.
        unmissed = queue.waiting if queue.bytes and not queue.pressing else 0.0
        return InputLoad(
            seen=counts.seen + counts.dropped["refused"] + round(unmissed),
            kept=counts.kept,
            cost=self.costs.get(name, 0.0),
            can_drop=drops,
            waiting=queue.waiting - unmissed,
            reading=self.reading.get(name),
            touched=counts.seen,
            read=counts.read,
            passed=counts.kept + counts.carriers,
            spec=spec,
            profile=source.sieve.profile,
            carried=seen.carried,
            told=source.sieve.hoisted.told,
            queue=queue.room,
            queued_bytes=queue.in_memory,
            waits_outside=queue.presses_back and not queue.loses,
            is_full=queue.is_full,
            burst=None if rate is None or rate.burst_for is None else rate.burst_for / SECOND,
        )

    def _carry(self, seen: _Seen, counted: int, carriers: int) -> None:
        more = counted - seen.counted
        seen.carried = (carriers - seen.carriers) / more if more else seen.carried * FORGETTING
        seen.counted, seen.carriers = counted, carriers

    def _lags(self, seen: _Seen, queue: InputQueue, now: int) -> bool:
        """Whether a tailed file is further behind the clock than it may be, because it is read so slowly."""
        source, lag = queue.source, queue.source.node.gate.lag
        if lag is None or not source.live or source.arrival.latest <= BEGINNING:
            return False
        bound = lag * CAUGHT_UP if seen.lags else lag
        is_slow = bool(queue.pressing) or queue.pacer.pause(now) > 0 or seen.lags
        seen.lags = is_slow and now - source.arrival.latest > bound
        return seen.lags


def _group(name: str, queue: InputQueue) -> str:
    return queue.source.node.gate.shared or name


def _from(admission: Admission, since: int, spec: GateSpec) -> Admission:
    """The same, from an event time on: for windows from one that begins then.

    What held before goes on until then, and what is dropped by it is counted as before.
    """
    if spec.windows is not None:
        since = -(-since // spec.windows[1]) * spec.windows[1]
    counts = spec.groups is not None and (admission.counts or spec.contract.mode == "subset")
    return msgspec.structs.replace(admission, since=since, counts=counts)
