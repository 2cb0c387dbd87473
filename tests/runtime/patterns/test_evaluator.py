"""The evaluator of patterns against tables of examples: the agreed ones, and cases of each rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.patterns.tables import Example, examples, played, printed, reordered

HERE = Path(__file__).parent
AGREED = list(examples(HERE / "examples.txt"))
RULES = list(examples(HERE / "rules.txt"))


@pytest.mark.parametrize("example", [*AGREED, *RULES], ids=str)
def test_example(example: Example) -> None:
    """The matches are those of the table, in its order, before and after the text was printed and read again."""
    expected = reordered(example.matches)
    assert played(example) == expected
    again = Example(printed(example.pattern), example.stream, example.matches, example.within, example.limit)
    assert played(again) == expected
