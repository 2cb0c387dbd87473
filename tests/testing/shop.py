"""A small document, and its tests written in place."""

from collections.abc import Mapping
from pathlib import Path

from slac.testing.cases import TestResult, load_tests, run_test

SHOP = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  parameters: {window: {type: duration, default: 1m}}
  events: {Request: {payload: {ok: bool, millis: float}, context: {user: "string?"}}}
  inputs: {requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request, idle: 1s}}
  probes: {served: {from: requests, where: ok}}
  computations:
    quality:
      from: requests
      window: "tumbling ${window}"
      select: [{all: COUNT(*)}, {good: COUNT(*) FILTER (WHERE ok)}, {mean: AVG(millis)}, {user: LAST(user)}]
  audits:
    shop:
      from: quality
      states:
        good: {when: good >= 0.9 * all, verdict: ok}
        bad: {when: good < 0.9 * all, verdict: violated, report_every: 2m}
      report: {users: {from: requests, by: user, select: [{n: COUNT(*)}, {mean: AVG(millis)}]}}
  violations: {quiet: {absent: requests, for: 2m}}
  outputs: {screen: {adapter: stdout, from: [shop, quiet]}}
  placement:
    edge: {blocks: [requests, quality], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7900"}
"""


def run(folder: Path, tests: str, parameters: Mapping[str, str] | None = None) -> list[TestResult]:
    """The results of tests (a YAML list) of the shop."""
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    head = "apiVersion: slac/v1\nkind: Test\ndocument: shop.yaml\n"
    (folder / "shop.test.yaml").write_text(f"{head}tests:\n{tests}", encoding="utf-8")
    loaded = load_tests([str(folder / "shop.test.yaml")], environment={}, parameters=parameters or {})
    return [run_test(t.plan, t.test) for t in loaded.tests]


def steps(*written: str) -> str:
    """One test of these steps."""
    return "  - name: it\n    steps:\n" + "".join(f"      - {line}\n" for line in written)
