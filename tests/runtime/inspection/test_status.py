"""What a runtime says of its blocks."""

from __future__ import annotations

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.inspection.status import blocks_of
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Hit: {payload: {n: int}}}
  inputs: {hits: {adapter: file, path: hits.ndjson, emits: Hit}}
  computations:
    large: {from: hits, where: n > 10, select: [n]}
    sums: {from: large, window: tumbling 1m, select: [{n: SUM(n)}]}
  outputs: {out: {adapter: file, path: out.ndjson, from: [sums]}}
  placement:
    edge: {blocks: [hits, large], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:1"}
"""


def test_a_block_that_is_sent_on_counts_what_it_has_made() -> None:
    """A window is one block on both sides: what its edge sends has left it there, and the link gives nothing out."""
    harness = Harness(compile_document(Source("shop.yaml", DOCUMENT)).plan)
    harness.give("hits", [{"timestamp": 1_000 * n, "payload": {"n": n}, "context": {}} for n in range(20)])
    harness.end()
    edge, central = (blocks_of(harness.cores[node, node]) for node in ("edge", "central"))

    assert {name: block.rows for name, block in edge.items()} == {"hits": 20, "large": 9, "sums": 1}
    assert central["sums"].rows == 1
