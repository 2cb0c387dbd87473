"""`slac capacity report`: exit codes, formats and where the costs come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slac.cli.main import main
from slac.shedding.capacity.calibration import encode_calibration
from tests.shedding.capacity.plans import CALIBRATION

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: small}}
spec:
  events:
    Seen: {{payload: {{value: float}}, context: {{module: string}}}}
  inputs:
    wire:
      adapter: http
      listen: "127.0.0.1:0"
      emits: Seen
      rate: {{normal: {normal}/s, burst: {burst}/s for 30s, keys: {{module: 20}}}}
  computations:
    sums: {{from: wire, by: [module], window: tumbling 1m, select: [{{total: SUM(value)}}]}}
  outputs:
    record: {{adapter: stdout, from: [sums]}}
"""


def _document(folder: Path, *, normal: int = 10, burst: int = 20) -> str:
    path = folder / "sla.yaml"
    path.write_text(DOCUMENT.format(normal=normal, burst=burst))
    return str(path)


def _calibration(folder: Path) -> str:
    path = folder / "calibration.json"
    path.write_bytes(encode_calibration(CALIBRATION))
    return str(path)


def test_a_document_that_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and a table."""
    code = main(["capacity", "report", _document(tmp_path), "--calibration", _calibration(tmp_path)], environment={})
    assert code == 0, capsys.readouterr().err
    assert "small: what it needs" in capsys.readouterr().out


def test_a_burst_that_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3; the report is printed all the same and says at which rate."""
    document = _document(tmp_path, burst=50_000_000)
    code = main(["capacity", "report", document, "--calibration", _calibration(tmp_path)], environment={})
    said = capsys.readouterr()
    assert code == 3
    assert "at the burst rate" in said.out
    assert "the budget does not hold for small" in said.err


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One list of reports, with the same numbers."""
    arguments = ["capacity", "report", _document(tmp_path), "--format", "json"]
    assert main([*arguments, "--calibration", _calibration(tmp_path)], environment={}) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["document"] == "small"
    assert {b["block"] for b in report["blocks"]} == {"wire", "sums", "record"}


def test_the_users_own_calibration_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the state directory, when there is one; else the one that ships."""
    document = _document(tmp_path)
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert main(["capacity", "report", document], environment=state) == 0
    assert "calibrated on test" not in capsys.readouterr().out
    (tmp_path / "state" / "slac").mkdir(parents=True)
    (tmp_path / "state" / "slac" / "calibration.json").write_bytes(encode_calibration(CALIBRATION))
    assert main(["capacity", "report", document], environment=state) == 0
    assert "calibrated on test" in capsys.readouterr().out


def test_a_calibration_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and the file's name."""
    none = str(tmp_path / "none.json")
    assert main(["capacity", "report", _document(tmp_path), "--calibration", none], environment={}) == 2
    assert "none.json cannot be read" in capsys.readouterr().err
