"""Which late rows a stream `name.late` has: those that the window beside it does not take."""

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.nodes import LateNode

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: d}}
spec:
  events: {{E: {{payload: {{k: string, x: float}}}}}}
  inputs: {{e: {{adapter: file, path: e.ndjson, emits: E}}}}
  computations:
    w: {{from: e, by: k, window: tumbling 1m, late: side, select: [{{v: {select}}}]}}
  outputs:
    log: {{adapter: stdout, from: [w, w.late]}}
"""


@pytest.mark.parametrize(("select", "in_order"), [("SUM(x)", False), ("RATE(x)", True)])
def test_a_window_that_works_in_order_takes_no_late_row(select: str, *, in_order: bool) -> None:
    """A sample cannot be put between others any more, even while the window is open: so it goes aside at once."""
    compiled = compile_document(Source(name="d.yaml", text=DOCUMENT.format(select=select)))
    assert compiled.plan is not None, compiled.diagnostics
    (aside,) = (n for n in compiled.plan.nodes if isinstance(n, LateNode))
    assert aside.in_order is in_order
