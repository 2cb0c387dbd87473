"""When a latest-join must not see what was made of the very row that it joins."""

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.nodes import LatestJoinNode

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: d}}
spec:
  events:
    E: {{payload: {{k: string, x: float}}}}
  inputs:
    e: {{adapter: file, path: e.ndjson, emits: E}}
    other: {{adapter: file, path: o.ndjson, emits: E}}
  probes:
    p: {{from: e, where: x > 1}}
    q: {{from: e, where: x < 0}}
  computations:
    stats: {{from: p, by: k, window: tumbling 1m, select: [{{x: AVG(x)}}]}}
    later: {{from: stats, where: x > 0}}
    others: {{from: other, by: k, window: tumbling 1m, select: [{{x: AVG(x)}}]}}
    joined: {{from: {left}, join: {{r: {{latest: {right}, by: k}}}}, select: [k, {{y: r.x}}]}}
  outputs:
    log: {{adapter: stdout, from: [joined]}}
"""


@pytest.mark.parametrize(
    ("left", "right", "strict"),
    [
        ("e", "stats", True),  # statistics of the very stream
        ("p", "later", True),  # however far behind
        ("q", "stats", True),  # another selection of the rows that the statistics are of
        ("p", "q", False),  # two selections of one input: limits and measurements in one scrape
        ("e", "p", False),
        ("e", "others", False),
        ("stats", "q", False),  # the right side is above the left one
        ("stats", "later", False),  # the same rows
    ],
)
def test_strict(left: str, right: str, *, strict: bool) -> None:
    """A join is strict where the right rows are made of the left ones."""
    plan = compile_document(Source("d.yaml", DOCUMENT.format(left=left, right=right))).plan
    join = plan["joined.join.r"]

    assert isinstance(join, LatestJoinNode)
    assert join.strict is strict
