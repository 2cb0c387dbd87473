"""The examples of docs/testing.md, run."""

import re
from pathlib import Path

from slac.cli.main import main
from slac.language.tests import schema_of_tests

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_example_passes(tmp_path: Path) -> None:
    """The document and its test as the page shows them."""
    shown = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert {name for name, _ in shown} == {"shop.yaml", "shop.test.yaml"}
    for name, text in shown:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(["test", str(tmp_path / "shop.yaml")], environment={}) == 0


def test_every_word_of_a_test_is_explained() -> None:
    """Each key of tests and steps, and of an expectation, stands on the page."""
    definitions = schema_of_tests()["definitions"]
    words = {key for name in ("test", "testStep", "testExpectation") for key in definitions[name]["properties"]}
    assert not [word for word in sorted(words - {"description"}) if f"`{word}" not in PAGE and f"{{{word}:" not in PAGE]
