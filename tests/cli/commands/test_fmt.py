"""`slac fmt`."""

import io
import stat
import sys
from pathlib import Path

import pytest

from slac.cli.main import main

Captured = pytest.CaptureFixture[str]
BEFORE = "a:\n    b: 1 # one\n"
AFTER = "a:\n  b: 1   # one\n"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document that is not in its form."""
    path = tmp_path / "x.yaml"
    path.write_text(BEFORE, encoding="utf-8")
    return path


def test_a_document_is_written_in_its_form(document: Path, capsys: Captured) -> None:
    """In place, with the rights that it had; a second time changes nothing."""
    document.chmod(0o640)
    assert main(["fmt", str(document)], environment={}) == 0
    assert document.read_text(encoding="utf-8") == AFTER
    assert stat.S_IMODE(document.stat().st_mode) == 0o640
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"formatted {document}\n1 looked at, 1 changed\n")
    assert main(["fmt", "--check", str(document)], environment={}) == 0
    assert [p.name for p in document.parent.iterdir()] == ["x.yaml"]


def test_check_lists_and_writes_nothing(document: Path, capsys: Captured) -> None:
    """The files on standard output, exit code 1."""
    assert main(["fmt", "--check", str(document)], environment={}) == 1
    assert capsys.readouterr().out == f"{document}\n"
    assert document.read_text(encoding="utf-8") == BEFORE


def test_diff_shows_and_writes_nothing(document: Path, capsys: Captured) -> None:
    """As a unified diff; exit code 1 only with --check."""
    assert main(["fmt", "--diff", str(document)], environment={}) == 0
    assert "-    b: 1 # one\n+  b: 1   # one\n" in capsys.readouterr().out
    assert document.read_text(encoding="utf-8") == BEFORE
    assert main(["fmt", "--diff", "--check", str(document)], environment={}) == 1


def test_standard_input_goes_to_standard_output(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """With nothing else there."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BEFORE.encode())))
    assert main(["fmt", "-"], environment={}) == 0
    assert capsys.readouterr().out == AFTER


def test_what_is_no_yaml_is_left_alone(document: Path, capsys: Captured) -> None:
    """Its findings are shown, others are formatted all the same, and the exit code is 1."""
    broken = document.with_name("broken.yaml")
    broken.write_text("a: [1\nb: 2\n", encoding="utf-8")
    assert main(["fmt", str(document.parent)], environment={}) == 1
    assert "yaml/syntax" in capsys.readouterr().err
    assert broken.read_text(encoding="utf-8") == "a: [1\nb: 2\n"
    assert document.read_text(encoding="utf-8") == AFTER
