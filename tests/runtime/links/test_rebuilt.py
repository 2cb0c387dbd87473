"""Central loses its checkpoints, and goes on from its full log: real processes, one edge gone, one that stays."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from slac.testing import free_port
from tests.runtime.links.test_processes import FEW, ends_well, lines, run, started, write_orders

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ORDERS = 6_000


def named(rows: list[str]) -> list[dict[str, Any]]:
    """Each row once; the ids of rows that are events are left out: other files, other ids."""
    found = [json.loads(row) for row in dict.fromkeys(rows)]
    for row in found:
        if row["block"] == "ever":
            del row["id"]
    return sorted(found, key=str)


def test_central_goes_on_from_its_log(tmp_path: Path) -> None:
    """What edges have let go of is nowhere else than in the log: rows and ids are those of one process.

    The third edge comes when central is back, so nothing can have come out before.
    """
    write_orders(tmp_path, ORDERS, 3, noted=240)
    run(tmp_path, "rebuilt.yaml", "--set", "record=one.ndjson")
    options = ["--set", f"central=tcp://127.0.0.1:{free_port()}", "--set", "record=two.ndjson", "--state", "state"]
    central = ["--node", "central", "--instance", "c", "--expect", "3", *options]

    with ExitStack() as stack:

        def edge(number: int) -> subprocess.Popen[str]:
            own = ["--node", "edge", "--instance", f"e{number}", "--set", f"orders={number}.ndjson"]
            return stack.enter_context(started(tmp_path, "rebuilt.yaml", *own, *options))

        receiver = stack.enter_context(started(tmp_path, "rebuilt.yaml", *central))
        gone, stays = edge(0), edge(1)
        ends_well(gone)  # all that it had is safe, as central has said
        receiver.kill()
        receiver.wait(FEW)
        assert lines(tmp_path, "two.ndjson") == []
        shutil.rmtree(tmp_path / "state/rebuilt/central/c")
        receiver = stack.enter_context(started(tmp_path, "rebuilt.yaml", *central, "--rebuild-from", "var/log"))
        for sender in (stays, edge(2)):
            assert "not kept any more" not in ends_well(sender)
        told = ends_well(receiver)

    assert "is rebuilt of" in told
    assert "of edge/e0: up to 2023-11-14T" in told
    assert named(lines(tmp_path, "two.ndjson")) == named(lines(tmp_path, "one.ndjson"))
