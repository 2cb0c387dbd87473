"""`slac init`."""

import json
from pathlib import Path

import pytest

from slac.cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("target", "name"), [("", "sla.yaml"), ("shop", "sla.yaml"), ("shop/orders.yml", "orders.yml")]
)
def test_the_first_document_is_right(target: str, name: str, tmp_path: Path, capsys: Captured) -> None:
    """It passes every check, is in its form, and names the schema that lies beside it."""
    assert main(["init", str(tmp_path / target)], environment={}) == 0
    (document,) = tmp_path.rglob(name)
    capsys.readouterr()
    assert main(["check", "--environment", "--fail-on", "warning", str(document)], environment={}) == 0
    assert main(["fmt", "--check", str(document)], environment={}) == 0
    line = document.read_text(encoding="utf-8").splitlines()[0]
    assert line == "# yaml-language-server: $schema=slac.schema.json"
    assert json.loads((document.parent / "slac.schema.json").read_text(encoding="utf-8"))["$schema"]


@pytest.mark.parametrize("existing", ["sla.yaml", "slac.schema.json"])
def test_nothing_is_overwritten(existing: str, tmp_path: Path, capsys: Captured) -> None:
    """And then nothing at all is written."""
    (tmp_path / existing).write_text("mine", encoding="utf-8")
    assert main(["init", str(tmp_path)], environment={}) == 2
    assert "exists already" in capsys.readouterr().err
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [(existing, "mine")]
