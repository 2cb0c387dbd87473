"""The page of tables cannot rot."""

from pathlib import Path

from slac.adapters import tables
from slac.language.schema import words_of

PAGE = Path(__file__).parents[3] / "docs/operators/table.md"


def test_every_setting_is_on_the_page() -> None:
    """What belongs to the language, and what belongs to the reader of tables."""
    text = PAGE.read_text(encoding="utf-8")

    assert not [w for w in (*words_of("table"), *tables.SCHEMA["properties"]) if f"`{w}`" not in text]
