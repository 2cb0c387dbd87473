"""What joins consumed, where one side came long before the other."""

from __future__ import annotations

from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.evidence.lineage import Sight, closure
from slac.evidence.replay.again import said_again
from slac.testing import Harness
from tests.evidence.recorded import Recorded

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: bills}
spec:
  events:
    Use: {payload: {units: int}, context: {account: string}}
    Refund: {payload: {units: int}, context: {account: string}}
  inputs:
    uses: {adapter: http, listen: "127.0.0.1:8090", emits: Use}
    refunds: {adapter: http, listen: "127.0.0.1:8091", emits: Refund}
  computations:
    bill:
      from: uses
      join: {g: {latest: refunds, by: account}}
      select: [account, {net: "units - g.units"}]
    total:
      from: uses
      join: {g: {latest: refunds, by: account}}
      by: account
      window: tumbling 1m
      select: [{net: "SUM(units - g.units)"}]
  violations:
    dear: {from: bill, where: net > 5, by: account}
    dearer: {from: total, where: net > 5, by: account}
"""


def test_a_row_that_waited_for_its_partner_is_made_of_it() -> None:
    """The left side came first, and waits within its block, of which the log has nothing."""
    plan = compile_document(Source("bills.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    harness = Harness(plan)
    recorded = Recorded(harness)
    harness.give("uses", [_event(second, 10) for second in (5, 25)])
    harness.give("refunds", [_event(second, 3) for second in (1, 21)])
    harness.end()
    recorded.stop()
    sight = Sight(plan, recorded)

    for verdict, refunds in (("dear", 1), ("dearer", 2)):
        [row] = [r for r in sight.rows(verdict).iter_slices(1) if r["kind"].item() == "raised"]
        assert closure(sight, {verdict: row}).rows["refunds"].height == refunds
        assert said_again(sight, verdict, row)["violation"].item() == row["violation"].item()


def _event(second: int, units: int) -> dict[str, object]:
    return {"timestamp": second * 1000, "payload": {"units": units}, "context": {"account": "a"}}
