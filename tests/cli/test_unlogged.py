"""Where no log tells of a row, what else knows of it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slac.cli.main import main

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}}}
  inputs: {checks: {adapter: file, path: checks.ndjson, emits: Check}}
  violations: {bad: {from: checks, where: NOT ok, message: It broke.}}
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run without a log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sla.yaml").write_text(DOCUMENT)
    (tmp_path / "checks.ndjson").write_text('{"timestamp": 1000, "payload": {"ok": false}}\n')
    return tmp_path


@pytest.mark.usefixtures("there")
def test_the_store_knows_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    """By name and by id; and how logs come about."""
    subprocess.run([sys.executable, "-m", "slac.cli", "run", "--once", "sla.yaml"], check=True, capture_output=True)
    assert main(["why", "bad"], environment={}) == 2
    said = capsys.readouterr().err
    assert "the store has what was said: bad " in said
    assert "kind raised" in said
    assert "It broke." in said
    assert "a document logs with `logging: {mode: evidence}`" in said
    named = next(word for word in said.split() if len(word) == 16 and word.isalnum())
    assert main(["why", named], environment={}) == 2
    assert f"the store has what was said: bad {named} at " in capsys.readouterr().err


def test_nobody_knows(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Decisions of gates are where the state is."""
    gate = there / "state" / "shop" / "all" / "here" / "gate.ndjson"
    gate.parent.mkdir(parents=True)
    gate.write_text("{}\n")
    assert main(["why", "bad"], environment={}) == 2
    said = capsys.readouterr().err
    assert "there is no log in var/log" in said
    assert "what gates let in, and when: state/shop/all/here/gate.ndjson" in said
