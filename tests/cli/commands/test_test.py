"""`slac test`."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from slac.cli.main import main
from tests.testing.shop import SHOP

Captured = pytest.CaptureFixture[str]
GIVEN = "given: {requests: [{at: 1s, ok: true, millis: 4}]}"
TESTS = f"""\
  tests:
    - name: one that passes
      steps: [{{{GIVEN}}}, {{wait: 1m}}, {{expect: {{shop: [{{state: good}}]}}}}]
    - name: one that fails
      steps: [{{{GIVEN}}}, {{wait: 1m}}, {{expect: {{shop: [{{state: bad, kind: initial}}]}}}}]
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with two tests inside."""
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP + TESTS, encoding="utf-8")
    return path


def test_a_failure_is_shown_with_its_place_and_its_rows(document: Path, capsys: Captured) -> None:
    """The differing cells are marked; plain text without a terminal; exit code 1."""
    assert main(["test", str(document)], environment={}) == 1
    out, err = capsys.readouterr()
    assert f"ok     {document}:27" in out
    assert f"FAILED {document}:29" in out
    assert "     - " in out
    assert "*bad*" in out
    assert "*good*" in out
    assert "\x1b" not in out
    assert err.endswith("2 tests, 1 failed\n")


def test_run_takes_a_pattern(document: Path, capsys: Captured) -> None:
    """And zero tests are a failure."""
    assert main(["test", str(document), "--run", "pass"], environment={}) == 0
    assert main(["test", str(document), "--run", "nothing"], environment={}) == 1
    assert "none of 2 tests" in capsys.readouterr().err
    assert main(["test", str(document), "--run", "("], environment={}) == 2


def test_a_document_without_tests_is_a_failure(tmp_path: Path, capsys: Captured) -> None:
    """So is a file that is not there."""
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    assert main(["test", str(tmp_path)], environment={}) == 1
    assert "no tests" in capsys.readouterr().err
    assert main(["test", str(tmp_path / "other.yaml")], environment={}) == 2


def test_json(document: Path, capsys: Captured) -> None:
    """All that text says, for programs."""
    assert main(["test", str(document), "--format", "json"], environment={}) == 1
    passed, failed = json.loads(capsys.readouterr().out)
    assert passed["passed"]
    (failure,) = failed["failures"]
    (row,) = failure["rows"]
    assert row["differ"] == ["state"]
    assert row["got"]["state"] == "good"


def test_junit(document: Path, tmp_path: Path) -> None:
    """XML that a build server reads."""
    path = tmp_path / "results.xml"
    main(["test", str(document), "--junit", str(path)], environment={})
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    assert root.attrib["tests"] == "2"
    assert root.attrib["failures"] == "1"
    assert [c.attrib["name"] for c in root.iter("testcase")] == ["one that passes", "one that fails"]
    (failure,) = root.iter("failure")
    assert "*bad*" in (failure.text or "")


def test_colours_on_a_terminal() -> None:
    """A difference is a table there."""
    from slac.cli.outcomes import failure_text
    from slac.diagnostics import Position, Source, Span
    from slac.testing.cases import DiffLine, Failure, RowDiff

    span = Span(Source("x.test.yaml", "expect: 1"), Position(1, 1), Position(1, 7))
    line = DiffLine(mark="differs", expected=("1m", "up"), got=("1m", "low"), wrong=frozenset({1}))
    missing = DiffLine(mark="missing", expected=("2m", "up"), got=())
    failure = Failure(summary="no", span=span, diff=RowDiff(columns=("at", "state"), lines=(line, missing)))
    assert "\x1b[" in failure_text(failure, color=True)


def test_the_tests_of_a_folder_are_no_documents(document: Path, capsys: Captured) -> None:
    """`slac compile` leaves them out; `slac check` looks into them, also by themselves."""
    beside = document.with_suffix(".test.yaml")
    beside.write_text("apiVersion: slac/v1\nkind: Test\ndocument: shop.yaml\ntests: []\n", encoding="utf-8")
    assert main(["check", str(document.parent)], environment={}) == 0
    capsys.readouterr()
    assert main(["check", str(beside)], environment={}) == 0
    beside.write_text("apiVersion: slac/v1\nkind: Test\ndocument: shop.yaml\ntests: 5\n", encoding="utf-8")
    assert main(["check", str(beside)], environment={}) == 1
    assert "shop.test.yaml:4:8" in capsys.readouterr().out
