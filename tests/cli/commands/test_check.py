"""`slac check`."""

import json
from pathlib import Path

import pytest

from slac.cli.main import main

Captured = pytest.CaptureFixture[str]
DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: orders}
spec:
  events: {Order: {payload: {amount: float}}}
  inputs:
    orders: {adapter: file, path: orders.ndjson, mode: once, emits: Order}
  probes:
    large: {from: orders, where: amount > 100}
    small: {from: orders, where: amount < 5}
  outputs:
    log: {adapter: stdout, from: [large]}
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with one warning."""
    path = tmp_path / "orders.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def test_findings_are_the_output(document: Path, capsys: Captured) -> None:
    """On standard output, without colour; their number on standard error; warnings alone are no failure."""
    assert main(["check", str(document)], environment={}) == 0
    out, err = capsys.readouterr()
    assert out.startswith("warning[blocks/unused]")
    assert "\x1b" not in out
    assert err == "1 warning\n"
    assert main(["check", "--fail-on", "warning", str(document)], environment={}) == 1


def test_a_comment_silences(document: Path, capsys: Captured) -> None:
    """And the command says that all is well."""
    document.write_text(DOCUMENT.replace("amount < 5}", "amount < 5}  # slac disable blocks/unused"), encoding="utf-8")
    assert main(["check", "--fail-on", "warning", str(document)], environment={}) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "1 document checked: nothing to say\n")


def test_errors_as_json(document: Path, capsys: Captured) -> None:
    """Exit code 1, and an array that a program reads."""
    document.write_text(DOCUMENT.replace("amount > 100", "amont > 100"), encoding="utf-8")
    assert main(["check", "--format", "json", str(document)], environment={}) == 1
    found = json.loads(capsys.readouterr().out)
    assert [d["code"] for d in found] == ["names/unknown-column"]


def test_nothing_outside_is_touched_unless_asked(document: Path, capsys: Captured) -> None:
    """With --environment the file that is missing is found, at the setting that names it."""
    assert main(["check", str(document)], environment={}) == 0
    capsys.readouterr()
    assert main(["check", "--environment", "--format", "json", str(document)], environment={}) == 1
    missing = next(d for d in json.loads(capsys.readouterr().out) if d["code"] == "environment/missing")
    assert missing["path"] == "spec.inputs.orders.path"
    assert missing["place"]["start"]["line"] == 7


def test_a_folder_is_every_document_in_it(document: Path, capsys: Captured) -> None:
    """Findings of all of them, in order of name."""
    (document.parent / "a.yaml").write_text(DOCUMENT, encoding="utf-8")
    assert main(["check", str(document.parent)], environment={}) == 0
    out, err = capsys.readouterr()
    assert out.index("a.yaml") < out.index("orders.yaml")
    assert err == "2 warnings\n"
