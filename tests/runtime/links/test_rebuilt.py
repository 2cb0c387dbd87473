"""Central loses its checkpoints, and goes on from its full log: real processes, with two edges that stay."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from slac.testing import free_port
from tests.runtime.links.test_processes import FEW, ends_well, lines, run, started, until, write_orders

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ORDERS = 5_000


def named(rows: list[str]) -> list[dict[str, Any]]:
    """Each row once; the ids of rows that are events are left out: other files, other ids."""
    found = [json.loads(row) for row in dict.fromkeys(rows)]
    for row in found:
        if row["block"] == "ever":
            del row["id"]
    return sorted(found, key=str)


def test_central_goes_on_from_its_log(tmp_path: Path) -> None:
    """Killed in its middle, its checkpoints deleted: rows and ids are those of one process, none lost, none twice."""
    write_orders(tmp_path, ORDERS, 2, noted=240)
    run(tmp_path, "rebuilt.yaml", "--set", "record=one.ndjson")
    options = ["--set", f"central=tcp://127.0.0.1:{free_port()}", "--set", "record=two.ndjson", "--state", "state"]
    central = ["--node", "central", "--instance", "c", "--expect", "2", *options]
    state = tmp_path / "state/rebuilt/central/c"
    with ExitStack() as stack:
        receiver = stack.enter_context(started(tmp_path, "rebuilt.yaml", *central))
        edges = [
            stack.enter_context(
                started(
                    tmp_path,
                    "rebuilt.yaml",
                    *("--node", "edge", "--instance", f"e{n}", *options, "--set", f"orders={n}.ndjson"),
                )
            )
            for n in range(2)
        ]
        # With two generations written, edges have let go of what the older one holds.
        until(lambda: (state / "checkpoint.previous").exists() and len(lines(tmp_path, "two.ndjson")) > 0, receiver)
        receiver.kill()
        receiver.wait(FEW)
        before = len(set(lines(tmp_path, "two.ndjson")))
        shutil.rmtree(state)
        receiver = stack.enter_context(started(tmp_path, "rebuilt.yaml", *central, "--rebuild-from", "var/log"))
        for edge in edges:
            assert "not kept any more" not in ends_well(edge)
        told = ends_well(receiver)

    undisturbed = lines(tmp_path, "one.ndjson")
    assert "is rebuilt of" in told
    assert "of edge/e0: up to 2023-11-14T" in told
    assert 0 < before < len(set(undisturbed)), "central was not killed in its middle"
    assert named(lines(tmp_path, "two.ndjson")) == named(undisturbed)
