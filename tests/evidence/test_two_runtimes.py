"""Two real runtimes keep only evidence, each its own part of it: a verdict is explained down to the other's events."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from slac.evidence.log import open_logs
from slac.evidence.why import Step, find
from slac.evidence.why.answer import answer
from slac.testing import free_port

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: file, path: checks.ndjson, emits: Check}}
  computations:
    minutes: {from: checks, by: service, window: tumbling 1m, select: [{n: COUNT(*)}, {share: SHARE(ok)}]}
  audits:
    up:
      from: minutes
      by: service
      states: {up: {when: share >= 0.5, verdict: ok}, down: {when: share < 0.5, verdict: violated}}
  outputs: {told: {adapter: file, path: told.ndjson, from: [up]}}
  placement:
    edge: {blocks: [checks, minutes], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:PORT"}
  logging: {mode: evidence}
"""


def start(node: str, directory: Path) -> subprocess.Popen[bytes]:
    """One runtime."""
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", "--once", "--node", node, "--instance", "it"]
    return subprocess.Popen([*command, "--expect", "1" if node == "central" else "0", "--store", "off"], cwd=directory)


def leaves(step: Step) -> list[Step]:
    """What the tree ends in."""
    below = [leaf for group in step.inputs if not group.witness for one in group.steps for leaf in leaves(one)]
    return below or [step]


def test_evidence_is_kept_where_events_came_in(tmp_path: Path) -> None:
    """Of ten minutes the edge keeps those that the changes of state were made of."""
    (tmp_path / "sla.yaml").write_text(DOCUMENT.replace("PORT", str(free_port())), encoding="utf-8")
    with (tmp_path / "checks.ndjson").open("w", encoding="utf-8") as file:
        for second in range(0, 600, 5):
            record = {
                "timestamp": second * 1000,
                "payload": {"ok": not 240 <= second < 300},
                "context": {"service": "a"},
            }
            file.write(json.dumps(record) + "\n")
    runtimes = [start(node, tmp_path) for node in ("central", "edge")]
    try:
        assert [runtime.wait(timeout=120) for runtime in runtimes] == [0, 0]
    finally:
        for runtime in runtimes:
            runtime.kill()
    logs = open_logs([tmp_path / "var" / "log"])
    edge = next(log for log in logs if log.header.node == "edge")
    explained, _ = answer(logs, logs[0].plan, find(logs, logs[0].plan, "up"), everything=True)

    assert edge.rows("checks").height == 3 * 12
    assert {(leaf.node, leaf.runtime) for leaf in leaves(explained.root)} == {("checks", "edge/it")}
    assert len(leaves(explained.root)) == 12
    assert not [damage for log in logs for damage in log.check()]
