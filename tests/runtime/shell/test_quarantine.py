"""What is put aside is kept, and told without a flood."""

import errno
import logging
import os
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


def test_a_disk_that_is_full_is_told_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once when it begins and once when it ends; nothing torn is left."""
    record = Refused("orders", "orders.ndjson", "payload.amount: missing", b"{}")
    quarantine = Quarantine(tmp_path)
    quarantine.write([record], now=0)
    size = (tmp_path / "orders.ndjson").stat().st_size
    real = os.write

    def torn(handle: int, data: bytes) -> int:
        real(handle, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", torn)
        for _ in range(3):
            quarantine.write([record], now=0)
        assert quarantine.trouble == "No space left on device"
        assert (tmp_path / "orders.ndjson").stat().st_size == size
    quarantine.write([record], now=0)
    assert not quarantine.trouble
    assert len((tmp_path / "orders.ndjson").read_text().splitlines()) == 2
    assert sum("cannot be kept" in m for m in caplog.messages) == 1
    assert sum("are kept" in m for m in caplog.messages) == 1
