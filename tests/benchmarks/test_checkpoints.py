"""The benchmark of checkpoints: every kind is written, changed, written again, and read."""

from pathlib import Path

import pytest

from benchmarks.checkpoints import KINDS
from benchmarks.checkpoints.worker import measured
from slac.runtime.checkpoint import StateDirectory


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_measured(kind: str, tmp_path: Path) -> None:
    """Something is written each time, and can be read."""
    directory = StateDirectory(tmp_path)
    directory.open()
    found = measured(kind, 3_000, directory)
    directory.close()

    assert found.first.bytes > 3_000
    assert found.following.bytes > 0
    assert found.recovery > 0
