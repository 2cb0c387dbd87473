"""The reference on the page of the language is what the schema and the registries say now, and leaves nothing out."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from slac.adapters.discovery import names
from slac.language.schema import schema
from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.functions import FUNCTIONS, SQL_NAMES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """tools/reference.py."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return import_module("reference")
    finally:
        sys.path.remove(str(ROOT / "tools"))


def test_the_page_is_up_to_date(tool: ModuleType) -> None:
    """`python tools/reference.py` would change nothing; each example is evaluated by it."""
    text = (ROOT / "docs/language.md").read_text(encoding="utf-8")

    assert tool.page(text) == text


def test_nothing_is_left_out(tool: ModuleType) -> None:
    """Every definition with keys, every key, function and aggregate, with an example each."""
    text = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    definitions = {"spec": schema()["properties"]["spec"], **schema()["definitions"]}
    keyed = {n: d["properties"] for n, d in definitions.items() if d.get("properties")}

    assert set(tool.TITLES) == set(keyed)
    assert not [f"{n}.{k}" for n, keys in keyed.items() for k, spec in keys.items() if not spec.get("description")]
    assert not [k for keys in keyed.values() for k in keys if f"`{k}`" not in text]
    assert set(tool.FUNCTION_EXAMPLES) == set(FUNCTIONS)
    assert set(tool.AGGREGATE_EXAMPLES) == {a.key for a in AGGREGATES.values()}
    assert not [name for name in (*SQL_NAMES, *AGGREGATES) if name not in text]


def test_every_adapter_has_a_page() -> None:
    """Each input and output adapter that is shipped has its own."""
    pages = {p.stem for p in (ROOT / "docs/adapters").glob("*.md")}
    named = {f"input-{n}" for n in names("inputs")} | {f"output-{n}" for n in names("outputs")}

    assert not named - pages
