"""What inputs have brought enters the core together."""

from __future__ import annotations

import asyncio
from typing import Final

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.wave import Wave
from slac.stream.clock import ManualClock
from slac.stream.ports import Records

DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: wave}
spec:
  events:
    Sample: {payload: {x: float}}
  inputs:
    one: {adapter: file, path: one.ndjson, emits: Sample}
    two: {adapter: file, path: two.ndjson, emits: Sample}
  probes:
    first: {from: one, where: x > 0, select: [x]}
    second: {from: two, where: x > 0, select: [x]}
  outputs:
    out: {adapter: stdout, from: [first, second]}
"""
LINE: Final = b'{"timestamp": 1700000000000, "payload": {"x": 1}}\n'


def test_all_inputs_are_one_wave() -> None:
    """Rows of both come out of one carry, and the news that both have ended with them."""
    plan = compile_document(Source("wave.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    core = Core(plan.part("all"), now=0, live=False)

    async def fill() -> dict[str, InputQueue]:
        wake, clock = asyncio.Event(), ManualClock(0)
        queues = {
            name: InputQueue(source, can_wait=True, clock=clock, wake=wake, limit=0)
            for name, source in core.sources.items()
        }
        for name, queue in queues.items():
            await queue.push(Records(source=name, arrival=0, ndjson=LINE))
            queue.closed = True
        return queues

    queues = asyncio.run(fill())
    wave = Wave(core)
    assert not wave
    assert not wave.take_inputs(queues, end=True)
    assert wave.size == 2 * len(LINE)
    published = [i.block for i in wave.carry(0) if isinstance(i, Publish)]
    assert sorted(published) == ["first", "second"]
    assert core.finished
