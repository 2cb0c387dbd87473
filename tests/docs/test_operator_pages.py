"""The documents on the pages of operators pass the tests that they carry."""

import re
from pathlib import Path

import pytest

from slac.cli.main import main
from slac.plan.aggregate_signatures import AGGREGATES

PAGES = sorted((Path(__file__).parents[2] / "docs/operators").glob("*.md"))
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = [
    pytest.param(text, id=f"{page.stem}-{i}")
    for page in PAGES
    for i, text in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8")))
    if re.search(r"^  tests:$", text, re.MULTILINE)
]


@pytest.mark.parametrize("text", SHOWN)
def test_an_example_does_what_it_says(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every example with tests is run by `slac test`."""
    document = tmp_path / "page.yaml"
    document.write_text(text, encoding="utf-8")

    assert main(["test", str(document)]) == 0, capsys.readouterr()


def test_each_aggregate_has_an_example() -> None:
    """Every name of an aggregate is computed by a document with tests on the page of aggregates."""
    page = (PAGES[0].parent / "aggregates.md").read_text(encoding="utf-8")
    tested = [text for text in _BLOCK.findall(page) if re.search(r"^  tests:$", text, re.MULTILINE)]
    computed = set(re.findall(r"\b([A-Z_]+)\(", "".join(tested)))

    assert not set(AGGREGATES) - computed
