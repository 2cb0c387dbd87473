"""Inputs that stay undecoded while nobody would notice, as the model has them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from benchmarks.capacity.documents import compiled, documents
from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime.noticing import noticing
from slac.shedding.capacity.estimate import report
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.held import held_inputs, takes
from slac.shedding.capacity.pace import EVER
from slac.shedding.capacity.shape import shape_of
from slac.shedding.capacity.walk import walk
from slac.shedding.machine import Machine
from tests.shedding.capacity.plans import CALIBRATION

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: held}
spec:
  events:
    Seen: {payload: {value: float}, context: {key: string}}
  inputs:
    wire: {adapter: http, listen: "127.0.0.1:1", emits: Seen, rate: {normal: 400/s}}
    other: {adapter: http, listen: "127.0.0.1:2", emits: Seen, rate: {normal: 400/s}}
    stamped: {adapter: http, listen: "127.0.0.1:3", emits: Seen, time: ingest, rate: {normal: 400/s}}
  probes:
    heard: {from: other, where: value > 2, select: [key, value]}
  computations:
    sums: {from: wire, by: key, window: tumbling 10s, select: [{total: SUM(value)}]}
    means: {from: stamped, by: key, window: tumbling 10s, select: [{mean: AVG(value)}]}
  outputs:
    told: {adapter: stdout, from: [heard, sums, means]}
"""


def _plan() -> Plan:
    return compile_document(Source("held.yaml", DOCUMENT)).plan


def test_an_input_is_held_for_a_window_and_not_for_who_hears_at_once() -> None:
    """Nor with the time of its arrival, which records that are read together share."""
    shape = shape_of(_plan())
    assert held_inputs(shape.order, shape.inputs) == shape.held == {"wire": 10.0}


@pytest.mark.parametrize("path", [p for p in documents() if p.stem in {"anomalies", "watchdog", "business_events"}])
def test_the_same_inputs_are_held_as_in_a_runtime(path: object) -> None:
    """Of documents with links, patterns and joins behind windows."""
    plan = compiled(path)  # type: ignore[arg-type]
    assert set(shape_of(plan).held) == set(noticing(plan))


def test_how_often_a_held_input_is_decoded() -> None:
    """Once a second, twice more at the end of a window; sooner when much has come, never more often than events."""
    assert takes(0.0, 100.0, 10.0) == 0.0
    assert takes(0.1, 100.0, 10.0) == 0.1
    assert takes(1_000.0, 100.0, 10.0) == pytest.approx(1.0)
    assert takes(1_000.0, 100.0, 1.0) == pytest.approx(2.0)
    assert takes(20_000.0, 200.0, 10.0) > 3.0
    assert takes(1_000.0, 100.0, EVER) == pytest.approx(1 / 1.205, rel=0.01)


def test_what_is_held_makes_fewer_waves_and_costs_less() -> None:
    """In a hurry nothing is held: a runtime that nearly uses its budget up looks at all that comes."""
    plan = _plan()
    scene = Scene(rates={"wire": 400.0, "other": 0.0, "stamped": 0.0})
    calm, hurried = walk(plan, CALIBRATION, scene), walk(plan, CALIBRATION, replace(scene, hurried=True))
    assert calm.waves["all"] == pytest.approx(1.0)
    assert hurried.waves["all"] > 3.0
    assert calm.busy["all"] < hurried.busy["all"]
    assert calm.loads["wire"].held
    assert not hurried.loads["wire"].held


def test_a_small_budget_lets_nothing_wait() -> None:
    """The same document on a machine of which it needs nearly all that it may, and on a large one."""
    alone = compile_document(Source("held.yaml", DOCUMENT.replace("[heard, sums, means]", "[sums]"))).plan
    kept = ("wire", *(n.id for n in alone.nodes if n.block in {"sums", "told"}))
    plan = Plan(msgspec.structs.replace(alone.data, nodes=tuple(n for n in alone.nodes if n.id in kept)))
    large, small = (
        report(plan, CALIBRATION, Machine(cpu_cores=cores, memory_bytes=2**34, cpu_model="")) for cores in (64.0, 0.01)
    )
    assert large.nodes[0].waves < 2.0 < small.nodes[0].waves
