"""The evaluator of patterns against tables of examples: the agreed ones, and cases of each rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.patterns.tables import Example, examples, played, printed, reordered, shown

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "patterns.md"
AGREED = list(examples(HERE / "examples.txt"))
RULES = list(examples(HERE / "rules.txt"))
SHOWN = list(shown(PAGE))


@pytest.mark.parametrize("example", [*AGREED, *RULES, *SHOWN], ids=str)
def test_example(example: Example) -> None:
    """The matches are those of the table, in its order, before and after the text was printed and read again."""
    expected = reordered(example.matches)
    assert played(example) == expected
    again = Example(printed(example.pattern), example.stream, example.matches, example.within, example.limit)
    assert played(again) == expected


def test_the_page_shows_examples() -> None:
    """The tables of the page are found, and run above."""
    assert len(SHOWN) > 25
