"""Placements as the runtimes see them."""

import pytest

from slac.compiler import compile_document
from slac.diagnostics import DocumentInvalid, Source
from slac.plan.graph import Budget, Plan

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: d}}
spec:
  events:
    E: {{payload: {{x: float}}}}
  inputs:
    e: {{adapter: file, path: e.ndjson, emits: E}}
  outputs:
    log: {{adapter: stdout, from: [e]}}
  placement:
    edge: {{blocks: [e], connect: central, budget: {{cpu: 0.5 cores, memory: 64MiB, network: 5Mbit/s}}}}
    central: {{blocks: ["*"], {central}}}
"""


def plan_of(central: str) -> Plan:
    """The plan whose central node has these words."""
    return compile_document(Source("d.yaml", DOCUMENT.format(central=central))).plan


def test_the_address_is_what_the_node_binds() -> None:
    """Unless the document says otherwise; and it is told that it was filled in."""
    plan = plan_of('listen: "tcp://10.0.0.5:7000"')

    assert plan.placement("central").address == "tcp://10.0.0.5:7000"
    assert ("spec.placement.central.address", "tcp://10.0.0.5:7000") in [(d.path, d.value) for d in plan.data.defaults]


@pytest.mark.parametrize("bound", ["tcp://0.0.0.0:7000", "tcp://*:7000", "tcp://[::]:7000"])
def test_every_interface_is_no_address(bound: str) -> None:
    """Nobody can dial it, so an address has to be stated."""
    with pytest.raises(DocumentInvalid, match="placement/no-address"):
        plan_of(f'listen: "{bound}"')
    stated = plan_of(f'listen: "{bound}", address: "tcp://central:7000"')

    assert stated.placement("central").address == "tcp://central:7000"


def test_budgets_keep_their_units() -> None:
    """Cores, bytes and bits per second."""
    placement = plan_of('listen: "tcp://10.0.0.5:7000"').placement("edge")

    assert placement.budget == Budget(
        cpu=0.5, cpu_unit="cores", memory=64 * 1024 * 1024, memory_unit="bytes", network=5e6
    )
