"""`slac graph`."""

from pathlib import Path

import pytest

from slac.cli.main import main

Captured = pytest.CaptureFixture[str]
FIRST = str(Path(__file__).parents[3] / "sla_docs" / "first.yaml")


@pytest.mark.parametrize(
    ("form", "begins"), [("mermaid", "# first"), ("dot", "digraph"), ("svg", "<svg")], ids=["mermaid", "dot", "svg"]
)
def test_each_format(form: str, begins: str, capsys: Captured) -> None:
    """On standard output."""
    assert main(["graph", "--format", form, FIRST], environment={}) == 0
    assert capsys.readouterr().out.startswith(begins)


@pytest.mark.parametrize(("name", "begins"), [("x.svg", "<svg"), ("x.dot", "digraph"), ("x.md", "# first")])
def test_the_ending_of_a_file_says_its_format(name: str, begins: str, tmp_path: Path) -> None:
    """Unless --format does."""
    path = tmp_path / name
    assert main(["graph", FIRST, "-o", str(path)], environment={}) == 0
    assert path.read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize("name", ["x.pdf", "x"])
def test_an_ending_that_is_no_format_is_refused(name: str, tmp_path: Path, capsys: Captured) -> None:
    """Nobody gets Markdown in a PDF; what exists is said, and --format writes to any file."""
    path = tmp_path / name
    assert main(["graph", FIRST, "-o", str(path)], environment={}) == 2
    assert ".svg, .dot, .gv, .md, .mmd; or say what to write with --format" in capsys.readouterr().err
    assert not path.exists()
    assert main(["graph", FIRST, "-o", str(path), "--format", "svg"], environment={}) == 0
    assert path.read_text(encoding="utf-8").startswith("<svg")


def test_one_picture_is_of_one_document(capsys: Captured) -> None:
    """Which Markdown need not be."""
    folder = str(Path(FIRST).parent)
    assert main(["graph", "--format", "svg", folder], environment={}) == 2
    assert "one picture" in capsys.readouterr().err
    assert main(["graph", folder], environment={}) == 0


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: Captured) -> None:
    """Is said in a sentence."""
    assert main(["graph", FIRST, "-o", str(tmp_path / "no" / "x.svg")], environment={}) == 2
    assert "cannot be written" in capsys.readouterr().err
