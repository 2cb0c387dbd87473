"""How long small batches are gathered before a wave."""

from __future__ import annotations

from typing import Final

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.waiting import AWAITED, HOP, LEAST_LINGER, LINGER, WITHIN, WORKED
from slac.runtime.core import Core
from slac.runtime.shell.gathering import HUGE, LARGE, PRESSED, Gathering
from slac.stream.ports import Records

DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: gathering}
spec:
  events:
    Sample: {payload: {x: float}}
  inputs:
    m: {adapter: zmq, connect: "tcp://127.0.0.1:1", emits: Sample, lateness: 1s}
  computations:
    mean: {from: m, window: tumbling 10s, select: [{mean: AVG(x)}]}
  outputs:
    out: {adapter: stdout, from: mean}
"""
START: Final = 1_700_000_000_000_000
DELAY: Final = 300_000
"""Events come so much (µs) after they happened."""


def gathering(seconds: float, document: str = DOCUMENT) -> Gathering:
    """After a dear wave with an event of this time."""
    plan = compile_document(Source("gathering.yaml", document), CompileOptions(collapse=True)).plan
    core = Core(plan.part("all"), now=START, live=True)
    at = START + int(seconds * 1e6)
    line = f'{{"timestamp": {at // 1000}, "payload": {{"x": 1}}}}'
    core.on_records("m", [Records(source="m", arrival=at + DELAY, ndjson=line.encode())])
    made = Gathering(core)
    made.cost = 1.0
    made.look()
    return made


def pause(made: Gathering, seconds: float) -> float:
    """When rows wait so many seconds after `START`."""
    return round(made.pause(START + int(seconds * 1e6), waiting=1, peers=0), 6)


def test_rows_wait_for_others() -> None:
    """As long as nothing is due; much is not waited for at all, and a cheap wave is not either."""
    made = gathering(2.0)
    assert pause(made, 2.5) == LINGER
    assert made.pause(START, waiting=LARGE, peers=0) == 0.0
    made.cost = 0.001
    assert pause(made, 2.5) == 0.02


def test_what_takes_long_is_gathered_for_less() -> None:
    """So that results are out in time; but waves that are dear for ever are still gathered."""
    made = gathering(2.0)
    for _ in range(100):
        made.cost = 0.04
    assert made.pause(START, waiting=1, peers=0) == pytest.approx(WITHIN - WORKED * 0.04, abs=1e-3)
    for _ in range(100):
        made.cost = 5.0
    assert made.pause(START, waiting=1, peers=0) == LEAST_LINGER


def test_waves_are_larger_while_a_gate_drops_and_a_while_after() -> None:
    """What a wave costs at any size would be taken from what can be kept."""
    made = gathering(2.0)
    source = made._core.sources["m"]
    source.gate.set_admission(0.5, "cpu", {})
    assert made.pause(START, waiting=LARGE, peers=0) > 0.0
    assert made.pause(START, waiting=HUGE, peers=0) == 0.0
    source.gate.set_admission(1.0, "cpu", {})
    assert made.pause(START + PRESSED // 2, waiting=LARGE, peers=0) > 0.0
    assert made.pause(START + 2 * PRESSED, waiting=LARGE, peers=0) == 0.0


def test_the_end_of_a_window_is_awaited() -> None:
    """The window ends at 10 s, events come 0.3 s late, and the watermark is 1 s behind them."""
    made = gathering(2.0)
    assert pause(made, 11.0) == LINGER
    assert pause(made, 11.2) == round(0.1 + AWAITED, 6)
    assert pause(made, 11.35) == AWAITED


def test_what_ends_all_the_time_is_not_awaited() -> None:
    """The session ends at 12 s, for one key of many: such an end is worth no wave of its own."""
    made = gathering(2.0, DOCUMENT.replace("tumbling 10s", "session 10s"))
    assert {pause(made, at) for at in (11.0, 13.2, 13.35)} == {LINGER}


def test_what_does_not_come_is_not_awaited_for_long() -> None:
    """An input that holds the watermark back must not keep the runtime busy."""
    assert pause(gathering(2.0), 12.0) == LINGER


def test_messages_wait_for_other_senders() -> None:
    """A little for each, and not at all where nobody else sends."""
    made = gathering(2.0)
    assert [made.pause(START, waiting=0, peers=n) for n in (0, 1)] == [0.0, 0.0]
    assert made.pause(START, waiting=0, peers=3) == 2 * HOP
    assert made.pause(START, waiting=0, peers=300) == 10 * HOP
