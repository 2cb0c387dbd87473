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
