"""Why a verdict is UNDECIDED: between what the numbers lie, and which decisions of a gate are behind that."""

from __future__ import annotations

from pathlib import Path

import pytest

from slac.evidence.log import LogDirectory, open_logs
from slac.evidence.recorder import RunLog
from slac.evidence.why import as_text, find
from slac.evidence.why.answer import answer
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.testing import Harness
from tests.runtime.gates.documents import START, TEXT, plan_of, records, requests

AUDITED = (
    TEXT[: TEXT.index("  violations:")]
    + """  audits:
    speed:
      from: health
      by: service
      states:
        fast: {when: latency < 85, verdict: ok, report_every: 1m}
        slow: {when: latency >= 85, verdict: violated, report_every: 1m}
      initial: fast
  violations:
    quiet: {absent: requests, by: service, for: 20s}
"""
    + TEXT[TEXT.index("  outputs:") :].replace("from: [failing]", "from: [speed, quiet]")
    + "  logging: {mode: full}\n"
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LogDirectory:
    """Four minutes, of which a gate drops from the first, and no more from within the third on."""
    directory: Path = tmp_path_factory.mktemp("log")
    plan = plan_of(text=AUDITED)
    harness = Harness(plan, start=START)
    [((node, name), core)] = harness.cores.items()
    book = RunLog(plan, node=node, instance=name, directory=directory, memory=1 << 30)
    book.begin(core.flow, live=False, start=None, restored=0, now=0)
    gate = core.sources["requests"].gate
    thin = Admission(unread=weight_of(0.05))
    for number, piece in enumerate(records(requests(6_000, services=6, seconds=240), 500)):
        if number in (1, 3, 7):
            share, admission = (1.0, OPEN) if number == 7 else (0.05 / number, thin)
            positions = core.sources["requests"].positions
            book.decided(gate.set_admission(share, "cpu", positions, admission=admission))
        harness.give("requests", piece.ndjson or b"")
        book.look((), number)
    harness.end()
    book.look((), 99)
    book.close()
    [found] = open_logs([directory / "var" / "log"])
    return found


def _text(log: LogDirectory, name: str, **where: object) -> str:
    plan = log.plan
    rows = log.rows(name)
    for column, value in where.items():
        rows = rows.filter(**{column: value})
    found = find([log], plan, f"{rows['_id'][-1]:016x}", {})
    made, _ = answer([log], plan, found)
    return as_text(made)


def test_an_interval_is_told(log: LogDirectory) -> None:
    """Of what was computed, and of what a state asks for; no condition is said to be TRUE that is not certain."""
    text = _text(log, "speed", verdict="UNDECIDED")
    assert "so it is open which state it is: fast when latency < 85; slow when latency >= 85" in text
    assert " is TRUE" not in text
    assert "latency = AVG(latency)" in text
    assert ", between " in text


def test_the_decisions_are_named(log: LogDirectory) -> None:
    """Also those that hold no more when the window ends."""
    text = _text(log, "speed", verdict="UNDECIDED")
    assert "the gate of requests admitted 1.67" in text
    assert "decision" in text
    assert log.order().filter(kind="gate").height == 3


def test_a_silence_is_open_because_of_the_gate(log: LogDirectory) -> None:
    """No peer is to blame for it."""
    text = _text(log, "quiet", _undecided=True)
    assert "what a gate dropped may have broken the silence" in text
    assert "a peer" not in text
