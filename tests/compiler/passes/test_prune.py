"""Nodes carry the columns that somebody reads, and no others."""

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import LatestJoinNode, SourceNode

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: d}}
spec:
  events:
    E: {{payload: {{k: string, x: float, y: float, z: float}}, context: {{host: string}}}}
  inputs:
    e: {{adapter: file, path: e.ndjson, emits: E}}
  probes:
    p: {{from: e, where: z > 0, select: [k, x, {{double: y * 2}}]}}
  computations:
    c: {{{computation}}}
  outputs:
    log: {{adapter: stdout, from: [c]}}
"""


def plan_of(computation: str) -> Plan:
    """The plan with the computation `c`."""
    return compile_document(Source("d.yaml", DOCUMENT.format(computation=computation))).plan


def test_a_source_decodes_what_is_read() -> None:
    """`y` is only read by a column that nobody reads, `host` by nobody; what is declared stays known."""
    source = plan_of("from: p, by: k, window: tumbling 1m, select: [{x: SUM(x)}]")["e"]

    assert isinstance(source, SourceNode)
    assert source.schema.names == ("k", "x", "z")
    assert source.payload.names == ("k", "x", "y", "z")
    assert source.context.names == ("host",)


def test_an_output_reads_everything() -> None:
    """What is published keeps all columns, down to the source."""
    plan = plan_of("from: p, where: x > 1")

    assert plan["c"].schema.names == ("k", "x", "double")
    assert plan["e"].schema.names == ("k", "x", "y", "z")


def test_a_join_brings_what_is_read() -> None:
    """Of the right side, only its keys and the columns that are named."""
    plan = plan_of("from: e, join: {r: {latest: p, by: k}}, where: x > r.double, select: [k]")
    join = plan["c.join.r"]

    assert isinstance(join, LatestJoinNode)
    assert join.right_columns == ("double",)
    assert join.schema.names == ("k", "x", "r.double")
    assert plan["p"].schema.names == ("k", "double")
