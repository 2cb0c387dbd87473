"""`slac replay`: what is told, as text and as JSON, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slac.cli.main import main
from tests.evidence.replay.logged import LoggedRun
from tests.evidence.replay.test_changed import compiled


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of calls."""
    run = LoggedRun(compiled()[0], tmp_path_factory.mktemp("log"))
    for second in range(30):
        payload = {"duration": 37 * second % 120, "ok": True}
        context = {"pod": "a", "user": "ann"}
        run.give("calls", [{"timestamp": second * 1000, "payload": payload, "context": context}])
    run.end()
    return run.directory


def test_the_same(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a block; one block, with its rows, paced; all of it as JSON."""
    assert main(["replay", str(log)], environment={}) == 0
    assert "  per_pod  3 rows  the same" in capsys.readouterr().out
    one = ["replay", str(log), "--block", "per_pod", "--rows", "per_pod", "--speed", "100000x"]
    assert main(one, environment={}) == 0
    assert [json.loads(line)["n"] for line in capsys.readouterr().out.splitlines()] == [10, 10, 10]
    assert main(["replay", str(log), "--format", "json"], environment={}) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told["events"] == 30
    assert {o["difference"] for o in told["outcomes"]} == {""}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--block", "per_pd"], 'did you mean "per_pod"?'),
        (["--speed", "fast"], "is no speed: write 10x"),
        (["--against", "x.yaml"], "say which document is to be tried"),
        (["x.yaml", "--block", "per_pod"], "go with the document that wrote the log"),
    ],
)
def test_what_cannot_be_done(log: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str) -> None:
    """Exit code 2, and what was meant."""
    assert main(["replay", str(log), *arguments], environment={}) == 2
    assert hint in capsys.readouterr().err
