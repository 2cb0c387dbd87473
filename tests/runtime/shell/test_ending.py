"""A runtime that has everything ends when who sent it knows that, or is gone."""

from __future__ import annotations

from slac.compiler.compile import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.shell.ending import FAREWELL, Ending
from slac.stream.clock import SECOND, ManualClock

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: ending}
spec:
  events: {Hit: {payload: {n: int}}}
  inputs: {hits: {adapter: file, path: hits.ndjson, emits: Hit}}
  computations: {total: {from: hits, window: tumbling 1m, select: [{n: SUM(n)}]}}
  outputs: {out: {adapter: stdout, from: [total]}}
  placement:
    edge: {blocks: [hits], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", address: "tcp://127.0.0.1:7000"}
"""


def central() -> tuple[Ending, Core, ManualClock]:
    """Central, to which two edges have joined and given all."""
    clock = ManualClock(0)
    plan = compile_document(Source("ending.yaml", DOCUMENT), CompileOptions(environment={})).plan
    core = Core(plan.part("central"), now=clock.now(), live=False)
    for inlet in core.inlets.values():
        for peer in ("edge/a", "edge/b"):
            inlet.join(peer, clock.now())
    return Ending(core, None, clock, kept=False), core, clock


def test_it_does_not_end_before_it_has_everything() -> None:
    """Though all have gone."""
    ending, core, _ = central()
    for inlet in core.inlets.values():
        for peer in inlet.peers:
            inlet.leave(peer)
    assert not ending.is_over()
    ending.finished_at = 0
    assert ending.is_over()


def test_who_is_still_heard_is_waited_for() -> None:
    """It may not have heard that all is safe, and would wait for somebody who is gone."""
    ending, core, clock = central()
    ending.finished_at = 0
    for _ in range(10):
        clock.advance(FAREWELL // 2)
        for inlet in core.inlets.values():
            inlet.leave("edge/a")
            inlet.hear("edge/b", clock.now())
        assert not ending.is_over()
    for inlet in core.inlets.values():
        inlet.leave("edge/b")
    assert ending.is_over()


def test_who_is_not_heard_is_gone() -> None:
    """After a while, counted from the end where it was not heard behind it."""
    ending, core, clock = central()
    clock.advance(100 * SECOND)
    ending.finished_at = clock.now()
    clock.advance(FAREWELL)
    assert not ending.is_over()
    clock.advance(SECOND)
    assert ending.is_over()
    next(iter(core.inlets.values())).hear("edge/a", clock.now())
    assert not ending.is_over()
