"""`--allow-functions`: which commands have it, and that nothing of a document's Python runs without."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from slac.cli.main import main
from slac.cli.registry import COMMANDS, load

Captured = pytest.CaptureFixture[str]
DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: it}
spec:
  functions: rules.py
  events: {Sample: {payload: {value: float}}}
  inputs: {samples: {adapter: file, path: samples.ndjson, mode: once, emits: Sample}}
  probes: {made: {from: samples, select: [{y: "TWICE(value)"}]}}
  outputs: {log: {adapter: file, path: made.ndjson, from: made}}
  tests:
    - name: twice
      steps:
        - given: {samples: [{at: 1s, value: 2.0}]}
        - expect: {made: [{y: 4.0}]}
"""
MODULE = """\
from pathlib import Path
from slac.functions import function

Path("loaded").touch()

@function("float", returns="float")
def twice(value):
    return value * 2
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The document with its module, which leaves a file behind when it is loaded."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sla.yaml").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "rules.py").write_text(MODULE + f"# {tmp_path.name}\n", encoding="utf-8")
    return tmp_path


def leaves(command: click.Command) -> Iterator[click.Command]:
    """A command, or those of a group."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from leaves(inner)
    else:
        yield command


def test_every_command_that_compiles_has_the_option() -> None:
    """Those that set parameters are those that compile."""
    options = [{o for p in c.params for o in p.opts} for name in COMMANDS for c in leaves(load(name))]

    assert sum("--set" in o for o in options) > 5
    assert all("--allow-functions" in o for o in options if "--set" in o)


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["compile"],
        ["graph"],
        ["test"],
        ["run", "--once"],
        ["generate"],
        ["capacity", "report"],
        ["diff", "sla.yaml", "sla.yaml"],
    ],
    ids=lambda c: c[0],
)
def test_nothing_is_loaded_without_leave(command: list[str], folder: Path, capsys: Captured) -> None:
    """One error that names the option."""
    assert main(command, environment={}) == (2 if command[0] == "diff" else 1)
    out, err = capsys.readouterr()
    assert (out + err).count("error[functions/not-allowed]") == 1
    assert "add --allow-functions to the command" in out + err
    assert not (folder / "loaded").exists()


@pytest.mark.parametrize("command", [["check"], ["compile"], ["graph"], ["test"], ["capacity", "report"]], ids=str)
def test_with_leave_they_work(command: list[str], folder: Path, capsys: Captured) -> None:
    """From the folder of the document."""
    assert main([*command, "--allow-functions"], environment={}) == 0, capsys.readouterr()


def test_a_plan_is_run_with_leave_only(folder: Path, capsys: Captured) -> None:
    """It needs no module beside it, and nobody may have changed its copy."""
    plan, changed = folder / "plan.json", folder / "changed.json"
    assert main(["compile", "--allow-functions", "-o", str(plan)], environment={}) == 0
    (folder / "rules.py").unlink()
    (folder / "samples.ndjson").write_text(
        '{"timestamp": "2026-01-01T00:00:00Z", "payload": {"value": 3.0}}\n', encoding="utf-8"
    )
    changed.write_text(plan.read_text(encoding="utf-8").replace("value * 2", "value * 3"), encoding="utf-8")
    settled = {"POLARS_MAX_THREADS": "1"}
    capsys.readouterr()
    assert main(["run", "--once", "--plan", str(plan)], environment=settled) == 2
    assert "--allow-functions" in capsys.readouterr().err
    assert main(["run", "--once", "--allow-functions", "--plan", str(changed)], environment=settled) == 2
    assert "not what was compiled" in capsys.readouterr().err
    command = [sys.executable, "-m", "slac.cli", "run", "--once", "--allow-functions", "--plan", str(plan)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert json.loads((folder / "made.ndjson").read_text(encoding="utf-8"))["y"] == 6.0
