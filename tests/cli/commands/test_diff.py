"""`slac diff`."""

import json
from pathlib import Path

import pytest

from slac.cli.main import main

Captured = pytest.CaptureFixture[str]
FIRST = Path(__file__).parents[3] / "sla_docs" / "first.yaml"


def edited(tmp_path: Path, old: str, new: str) -> str:
    """The first document with an edit."""
    text = FIRST.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "new.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(path)


def test_equal_documents(tmp_path: Path, capsys: Captured) -> None:
    """Exit code 0 and no output, whatever the text looks like."""
    assert main(["diff", str(FIRST), edited(tmp_path, "spec:", "# a comment\nspec:")], environment={}) == 0
    assert capsys.readouterr().out == ""


def test_a_threshold(tmp_path: Path, capsys: Captured) -> None:
    """Exit code 1; the word with both values; what becomes of the state; what a runtime of today does."""
    assert main(["diff", str(FIRST), edited(tmp_path, "70", "80")], environment={}) == 1
    out = capsys.readouterr().out
    assert "~ headroom\n    state fine:\n      - when cpu <= 70" in out
    assert "  headroom  kept " in out
    assert "needs another directory" in out


def test_where_an_output_lies_changes_no_meaning(tmp_path: Path, capsys: Captured) -> None:
    """The block is different, and a runtime goes on with its state."""
    new = edited(tmp_path, "{adapter: stdout,", "{adapter: file, path: a.ndjson,")
    other = Path(new).with_name("other.yaml")
    other.write_text(Path(new).read_text(encoding="utf-8").replace("a.ndjson", "b.ndjson"), encoding="utf-8")
    assert main(["diff", new, str(other)], environment={}) == 1
    assert "goes on with its state directory" in capsys.readouterr().out


def test_json(tmp_path: Path, capsys: Captured) -> None:
    """Every block, also those that are the same."""
    assert main(["diff", "--format", "json", str(FIRST), edited(tmp_path, "5s, sel", "6s, sel")], environment={}) == 1
    changes = json.loads(capsys.readouterr().out)
    states = {b["block"]: b["state"] and b["state"]["outcome"] for b in changes["blocks"]}
    assert states == {"machine": "kept", "load": "lost", "headroom": "kept", "silence": "kept", "screen": None}
    assert changes["same_meaning"] is False


def test_a_document_that_is_invalid(tmp_path: Path, capsys: Captured) -> None:
    """Exit code 2, because 1 says that they differ."""
    assert main(["diff", str(FIRST), edited(tmp_path, "AVG", "AVGG")], environment={}) == 2
    assert "names/unknown-function" in capsys.readouterr().err
