"""docs/debugging.md shows what its commands really say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from examples.incident.record import main as record
from slac.cli.commands.why import why
from slac.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "debugging.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```sh\nslac why ([^\n]*)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the incident was run."""
    directory = tmp_path_factory.mktemp("incident")
    record(directory)
    document = str(ROOT / "examples" / "incident" / "rollout.yaml")
    command = [sys.executable, "-m", "slac.cli", "run", "--once", "--instance", "shop-1", "--store", "off", document]
    subprocess.run(command, cwd=directory, check=True, timeout=120)
    return directory


@pytest.mark.parametrize(("arguments", "expected"), SHOWN)
def test_an_answer_is_as_shown(arguments: str, expected: str, incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line."""
    monkeypatch.chdir(incident)
    result = CliRunner().invoke(why, arguments.split(), catch_exceptions=False)

    assert result.output == expected


def test_a_page_draws_the_way(incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file, without anything from elsewhere; what took part is lit."""
    monkeypatch.chdir(incident)
    result = CliRunner().invoke(why, ["bad_rollout", "--format", "html", "-o", "why.html"], catch_exceptions=False)
    page = (incident / "why.html").read_text(encoding="utf-8")

    assert result.exit_code == 0
    assert page.count('<g class="lit">') >= 6
    assert '<g class="dim">' in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_page_says_why_not(incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lines as in text, under the picture with the way to the audit lit."""
    monkeypatch.chdir(incident)
    asked = ["operation_speed", "--not", "slow", "--at", "2026-11-22T09:07Z", "--key", "operation=order"]
    page = CliRunner().invoke(why, [*asked, "--format", "html"], catch_exceptions=False).output

    assert "<h1>Why operation_speed was not slow at 2026-11-22T09:07:00Z</h1>" in page
    assert "but must hold for 2 windows" in page
    assert page.count('<g class="lit">') == 5
    assert '<g class="dim">' in page


def test_json_has_the_whole_tree(incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All thirty spans, with --all."""
    monkeypatch.chdir(incident)
    few, everything = (
        CliRunner().invoke(why, ["bad_rollout", "--format", "json", *more], catch_exceptions=False).output
        for more in ([], ["--all"])
    )

    assert few.count('"node": "spans"') == 1 + 3
    assert everything.count('"node": "spans"') == 1 + 30


def test_what_is_tried_on_the_log(
    incident: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log runs again to the bit, another rule says less, and the script stops where it says."""
    monkeypatch.chdir(incident)
    document = ROOT / "examples" / "incident" / "rollout.yaml"
    assert main(["replay", "var/log"], environment={}) == 0
    assert "differs" not in capsys.readouterr().out
    patient = document.read_text(encoding="utf-8").replace("p95 > 500", "p95 > 2000")
    Path("patient.yaml").write_text(patient, encoding="utf-8")
    assert main(["replay", "var/log", "patient.yaml"], environment={}) == 1
    told = capsys.readouterr().out
    assert "now:    nothing" in told
    assert "p95 > 2000" in told
    [script] = re.findall(r"printf '(.*)' > look.txt", PAGE)
    Path("look.txt").write_text(script.replace("\\n", "\n"), encoding="utf-8")
    assert main(["simulate", str(document), "--log", "var/log", "--script", "look.txt"], environment={}) == 0
    assert "break 1: slow_minutes" in capsys.readouterr().out
