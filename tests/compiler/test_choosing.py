"""Where the compiler puts what it may choose: the cheapest of all ways, and within budgets."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.compiler.choosing import Movable, _levels
from slac.diagnostics import DocumentInvalid, Source
from slac.plan.graph import Plan

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {ms: float, note: string}, context: {service: string}}}
  inputs: {calls: {adapter: http, listen: "127.0.0.1:0", emits: Call, rate: {normal: 20000/s, keys: {service: 20}}}}
  probes: {slow: {from: calls, where: "ms > 1000 AND note LIKE '%x%'", select: [service, ms]}}
  computations:
    load: {from: slow, by: service, window: tumbling 10s, select: [{n: COUNT(*)}, {total: SUM(ms)}]}
  outputs: {out: {adapter: stdout, from: load}}
  placement:
    edge: {blocks: [auto], connect: central, budget: {cpu: EDGE}}
    central: {blocks: [auto], listen: "tcp://127.0.0.1:7001", budget: {cpu: 100%}}
"""


@st.composite
def problems(draw: st.DrawFn) -> tuple[dict[str, Movable], list[tuple[str, str]], int]:
    """A few blocks, each reading some before it, over one or two links; the first is fixed at the edge."""
    top, count = draw(st.integers(1, 2)), draw(st.integers(2, 5))
    names = [f"b{i}" for i in range(count)]
    blocks = {
        name: Movable(
            bytes=draw(st.integers(1, 50)),
            cores=0.0,
            lowest=top if place == 0 else 0,
            highest=draw(st.sampled_from([0, top])) if place else top,
            ends_level=place > 0 and draw(st.booleans()),
        )
        for place, name in enumerate(names)
    }
    reads = [
        (before, name)
        for place, name in enumerate(names[1:], 1)
        for before in draw(st.lists(st.sampled_from(names[:place]), min_size=1, max_size=2, unique=True))
    ]
    return blocks, reads, top


def cost(blocks: dict[str, Movable], reads: list[tuple[str, str]], top: int, levels: dict[str, int]) -> float | None:
    """Bytes over links; None where it cannot be."""
    for name, block in blocks.items():
        if not block.lowest <= levels[name] <= block.highest:
            return None
    for before, name in reads:
        bound = levels[before] - (1 if blocks[before].ends_level and levels[before] else 0)
        if levels[name] > bound:
            return None
    total = 0.0
    for name, block in blocks.items():
        ends = [levels[reader] for before, reader in reads if before == name]
        total += sum(block.bytes for link in range(1, top + 1) if levels[name] >= link and any(e < link for e in ends))
    return total


@given(problems())
@settings(max_examples=150)
def test_no_way_is_cheaper(problem: tuple[dict[str, Movable], list[tuple[str, str]], int]) -> None:
    """The minimum cut costs what the best of all assignments costs."""
    blocks, reads, top = problem
    ways = (dict(zip(blocks, levels, strict=True)) for levels in product(range(top + 1), repeat=len(blocks)))
    best = min(c for levels in ways if (c := cost(blocks, reads, top, levels)) is not None)

    found = _levels(blocks, reads, top, dict.fromkeys(range(top + 1), 0.0))
    assert cost(blocks, reads, top, found) == best


def homes(plan: Plan) -> dict[str, str]:
    """The node of the first node of each block."""
    return {node.block: node.node for node in reversed(plan.nodes)}


def compiled(edge: str) -> Plan:
    """With a budget of the edge."""
    return compile_document(Source("shop.yaml", DOCUMENT.replace("EDGE", edge))).plan


def test_filters_and_partials_go_where_the_rows_are() -> None:
    """As long as the edge can afford it."""
    assert homes(compiled("100%")) == {"calls": "edge", "slow": "edge", "load": "edge", "out": "central"}


def test_an_edge_without_cpu_sends_its_rows() -> None:
    """Bytes are spent where CPU is short."""
    assert homes(compiled("0.001 cores"))["slow"] == "central"


def test_a_node_beside_the_row_is_read_where_they_meet() -> None:
    """What reads both edges stands where both arrive, whatever would be cheaper."""
    text = DOCUMENT.replace("EDGE", "100%").replace(
        "inputs: {", 'inputs: {more: {adapter: http, listen: "127.0.0.1:0", emits: Call, rate: {normal: 20000/s}}, '
    )
    text = text.replace("{from: calls, where", "{from: Call, where").replace(
        "  placement:\n", "  placement:\n    other: {blocks: [more], connect: central}\n"
    )
    found = homes(compile_document(Source("shop.yaml", text)).plan)
    assert (found["calls"], found["more"], found["slow"]) == ("edge", "other", "central")


def test_a_node_in_between_that_does_not_say_auto() -> None:
    """It would be given blocks that nobody left to the compiler: the row is refused."""
    text = (
        DOCUMENT.replace("EDGE", "100%")
        .replace("connect: central", "connect: group")
        .replace("    central:", '    group: {connect: central, listen: "tcp://127.0.0.1:7002"}\n    central:')
    )
    with pytest.raises(DocumentInvalid) as wrong:
        compile_document(Source("shop.yaml", text))
    assert [d.code for d in wrong.value.diagnostics] == ["placement/auto"]


def test_the_same_everywhere() -> None:
    """Two compilations mean the same: runtimes of one document must agree."""
    assert compiled("30%").meaning == compiled("30%").meaning
