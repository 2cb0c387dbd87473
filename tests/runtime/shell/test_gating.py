"""What each input offers the controller, and what gates and paces make of its decisions."""

from __future__ import annotations

from typing import Any

import pytest

from slac.runtime.core import Core
from slac.runtime.shell.gating import Gating
from slac.shedding.admission import Admission, weight_of
from slac.shedding.controller import Decision
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND
from tests.runtime.gates.documents import START, plan_of, records, requests
from tests.shedding.service import Queue

FILE = """
apiVersion: slac/v1
kind: SLA
metadata: {name: tail}
spec:
  events:
    Request: {payload: {service: string, ok: bool, latency: float}}
  inputs:
    requests: {adapter: file, path: r.ndjson, emits: Request, lag: 10s, shed: approximate}
  violations:
    slow: {from: requests, where: latency > 3, by: service}
  outputs:
    log: {adapter: stdout, from: [slow]}
"""


def _decision(**changes: Any) -> Decision:
    reading = Reading(at=0, cpu_cores=0.5, memory_bytes=1)
    given: dict[str, Any] = {
        "at": 0,
        "fractions": {"requests": 1.0},
        "paces": {},
        "refuse": False,
        "reason": "cpu",
        "changed": True,
        "reading": reading,
        "targets": ResolvedBudget(cpu_cores=1.0, memory_bytes=1),
        "demand_cores": 2.0,
        "allowed_cores": 1.0,
        "factor": 1.0,
    }
    return Decision(**given | changes)


def _gating(text: str = "", *, can_wait: bool = False) -> tuple[Core, Queue, Gating]:
    core = Core(plan_of(text=text) if text else plan_of(), now=START, live=True)
    queue = Queue(core.sources["requests"], 1e6, can_wait=can_wait)
    return core, queue, Gating({"requests": queue}, {"requests": 1e-5}, {"requests": 2e-6})  # type: ignore[dict-item]


def test_a_decision_names_its_place_and_what_it_admits() -> None:
    """It has an id of its own, and holds from the next record of every source on."""
    core, _, gating = _gating()
    core.on_records("requests", records(requests(100), 100))
    admission = Admission(classes={0: (weight_of(0.5),)}, counts=True)
    made = list(gating.obey(_decision(fractions={"requests": 0.5}, admissions={"requests": admission}), START))
    again = list(gating.obey(_decision(fractions={"requests": 0.5}, admissions={"requests": admission}), START))

    assert [d.positions for d in made] == [{"web-1": 100}]
    assert (made[0].number, len(made[0].id), made[0].admission) == (1, 16, admission)
    assert again == []
    assert next(gating.obey(_decision(), START)).reason == "recovered"


def test_a_burst_that_waits_is_paced() -> None:
    """Nothing is dropped, and no more is taken than fits."""
    _, queue, gating = _gating()
    list(gating.obey(_decision(delays={"requests": 500.0}), START))
    assert queue.taking.rate == 500.0
    list(gating.obey(_decision(), START))
    assert queue.taking.rate is None


def test_what_carrying_counts_costs_is_told() -> None:
    """Rows that carry nothing else, for each event that was counted."""
    core, queue, gating = _gating()
    queue.source.gate.set_admission(0.1, "cpu", {}, admission=Admission(classes={0: (weight_of(0.1),)}, counts=True))
    gating.loads(START)
    core.on_records("requests", records(requests(3_000), 1_000))
    load, counts = gating.loads(START)["requests"], queue.source.gate.counts

    assert load.carried == pytest.approx(counts.carriers / counts.counted)
    assert load.passed == counts.kept + counts.carriers
    assert load.read == 3_000


def test_a_file_that_lags_is_dropped_from_until_it_has_caught_up() -> None:
    """It is paced as long as it keeps up; beyond `lag` it may be dropped from, down to half of it."""
    core, queue, gating = _gating(FILE, can_wait=True)
    core.on_records("requests", records(requests(10, seconds=1), 10))
    latest = queue.source.arrival.latest
    queue.held.append((records(requests(10), 10)[0], 10))

    assert not gating.loads(latest + 9 * SECOND)["requests"].can_drop
    assert gating.loads(latest + 11 * SECOND)["requests"].can_drop
    list(gating.obey(_decision(fractions={"requests": 0.5}), START))
    assert queue.source.gate.fraction == 0.5
    assert gating.loads(latest + 6 * SECOND)["requests"].can_drop
    assert not gating.loads(latest + 4 * SECOND)["requests"].can_drop
    list(gating.obey(_decision(fractions={}, paces={"requests": 100.0}), START))
    assert (queue.source.gate.fraction, queue.pacer.rate) == (1.0, 100.0)
