"""`slac generate`."""

from pathlib import Path

import orjson
import pytest

from slac.cli.main import main
from tests.testing.shop import SHOP

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """The shop."""
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    return path


def test_what_is_written_is_a_test_that_passes(document: Path, tmp_path: Path, capsys: Captured) -> None:
    """From another folder, too; the count of what was reached goes to standard error."""
    (tmp_path / "made").mkdir()
    output = tmp_path / "made" / "shop.test.yaml"
    assert main(["generate", str(document), "-o", str(output), "--block", "shop"], environment={}) == 0
    assert 'document: "../shop.yaml"' in output.read_text(encoding="utf-8")
    assert "of 8 reached" in capsys.readouterr().err
    assert main(["test", str(output)], environment={}) == 0


def test_records(document: Path, capsys: Captured) -> None:
    """Each trace on a day of its own."""
    assert main(["generate", str(document), "--format", "ndjson", "--block", "served"], environment={}) == 0
    lines = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["timestamp"][:10] for line in lines] == ["2024-01-01", "2024-01-02"]
    assert [line["payload"]["ok"] for line in lines] == [True, False]
    assert {line["input"] for line in lines} == {"requests"}


def test_a_block_of_which_nothing_can_be_asked(document: Path, capsys: Captured) -> None:
    """The blocks of which something can are named."""
    assert main(["generate", str(document), "--block", "shoop"], environment={}) == 2
    assert "quality" in capsys.readouterr().err


def test_what_runs_them_is_said(document: Path, tmp_path: Path, capsys: Captured) -> None:
    """By their own name, and where they stand beside the document under a fitting name, by that of the document."""
    loose, beside = tmp_path / "shop.gen.yaml", tmp_path / "shop.gen.test.yaml"
    assert main(["generate", str(document), "-o", str(loose), "--block", "served"], environment={}) == 0
    told = capsys.readouterr().err
    assert f"`slac test {loose}` runs them" in told
    assert "shop.generated.test.yaml" in told
    loose.rename(beside)
    assert main(["generate", str(document), "-o", str(beside), "--block", "served"], environment={}) == 0
    assert f"wrote {beside}: `slac test {document}` runs them" in capsys.readouterr().err
    assert main(["test", str(document)], environment={}) == 0
    assert "shop.gen.test.yaml" in capsys.readouterr().out


def test_tests_of_a_document_with_a_longer_name_are_its_own(document: Path, capsys: Captured) -> None:
    """`shop.eu.test.yaml` belongs to `shop.eu.yaml`, where there is one."""
    longer = document.with_name("shop.eu.yaml")
    longer.write_text(SHOP, encoding="utf-8")
    output = document.with_name("shop.eu.test.yaml")
    assert main(["generate", str(longer), "-o", str(output), "--block", "served"], environment={}) == 0
    assert main(["test", str(document)], environment={}) == 1
    assert main(["test", str(longer)], environment={}) == 0
