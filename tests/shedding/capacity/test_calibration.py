"""The calibration file: lines, reading, and what is said when it does not fit."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slac.diagnostics import UsageError
from slac.shedding.capacity.calibration import (
    CostLine,
    Work,
    calibration_of,
    encode_calibration,
    load_calibration,
    shipped_calibration,
)
from tests.shedding.capacity.plans import CALIBRATION, KINDS


def test_a_line_is_linear_in_its_terms() -> None:
    """Seconds are each kind of work times its price."""
    line = CostLine(batches=1.0, exprs=7.0, rows=2.0, cells=3.0, texts=4.0, groups=5.0, slots=8.0, bytes=6.0)
    work = Work(batches=1, exprs=1, rows=1, cells=1, texts=1, groups=1, slots=1, bytes=1)
    assert line.seconds(work) == 36.0
    assert Work(rows=1) + Work(rows=2, bytes=3) == Work(rows=3, bytes=3)


def test_a_file_reads_back_equal(tmp_path: Path) -> None:
    """What is written is read."""
    (tmp_path / "c.json").write_bytes(encode_calibration(CALIBRATION))
    assert load_calibration(tmp_path / "c.json") == CALIBRATION


def test_unknown_kind_says_what_to_do() -> None:
    """An old calibration lacks a new kind: calibrate again."""
    with pytest.raises(UsageError, match="slac capacity calibrate"):
        CALIBRATION.line("window.holistic")


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]"])
def test_what_is_no_calibration(tmp_path: Path, text: bytes) -> None:
    """A whole sentence, with the file's name."""
    (tmp_path / "c.json").write_bytes(text)
    with pytest.raises(UsageError, match=r"c\.json is not a calibration"):
        load_calibration(tmp_path / "c.json")


def test_missing_file_and_other_version(tmp_path: Path) -> None:
    """Both are told apart."""
    with pytest.raises(UsageError, match="cannot be read"):
        load_calibration(tmp_path / "none.json")
    (tmp_path / "c.json").write_bytes(encode_calibration(msgspec.structs.replace(CALIBRATION, version=99)))
    with pytest.raises(UsageError, match="version 99"):
        load_calibration(tmp_path / "c.json")


def test_whoever_runs_a_document_asks_nothing_of_the_file(tmp_path: Path) -> None:
    """His own costs where there are some that can be read, else those that come with slac."""
    own = tmp_path / "calibration.json"
    assert calibration_of(None) == calibration_of(own) == shipped_calibration()
    own.write_bytes(encode_calibration(CALIBRATION))
    assert calibration_of(own) == CALIBRATION
    own.write_bytes(encode_calibration(msgspec.structs.replace(CALIBRATION, version=1)))
    assert calibration_of(own) == shipped_calibration()


def test_the_shipped_calibration_has_every_kind() -> None:
    """The default that comes with slac can price every operator, and names no host and no path."""
    shipped = shipped_calibration()
    assert set(KINDS.split()) <= shipped.kinds.keys()
    assert shipped.base_memory > 10_000_000
    assert b"/" not in encode_calibration(shipped)
