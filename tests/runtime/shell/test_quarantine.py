"""What is put aside is kept, and told without a flood."""

import logging
from pathlib import Path

import pytest

from slac.runtime.instructions import Refused
from slac.runtime.shell.quarantine import Quarantine


def test_the_first_record_and_each_tenfold_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An input of which nothing can be used does not go unnoticed, and does not fill the log."""
    quarantine = Quarantine(tmp_path)
    record = Refused("orders", "orders.ndjson", "payload.amount: missing", b"{}")
    with caplog.at_level(logging.WARNING):
        for _ in range(120):
            quarantine.write([record], now=0)
    assert [m.split(" of ")[0] for m in caplog.messages] == ["1 record", "10 records", "100 records"]
    assert all('"orders"' in m and "payload.amount: missing" in m for m in caplog.messages)
    assert len((tmp_path / "orders.ndjson").read_text().splitlines()) == 120
