"""The bundled schema: valid, described everywhere, closed everywhere but where adapters have their settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from slac.language.schema import schema, words_of
from slac.language.units import PARSERS

DOCUMENTS = Path(__file__).parent / "documents"
OPEN = {"input", "output", "table"}


def objects(rules: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of the schema with the way to it."""
    match rules:
        case dict():
            yield path, rules
            for key, value in rules.items():
                yield from objects(value, f"{path}/{key}")
        case list():
            for index, value in enumerate(rules):
                yield from objects(value, f"{path}/{index}")


def test_it_is_a_draft_07_schema() -> None:
    """The schema is valid against the schema of schemas."""
    Draft7Validator.check_schema(schema())


def test_every_key_is_described() -> None:
    """The reference is made of these descriptions."""
    missing = [
        f"{path}/{key}"
        for path, rules in objects(schema())
        if not path.endswith("properties") and "/oneOf/" not in path
        for key, value in rules.get("properties", {}).items()
        if not (isinstance(value, dict) and value.get("description", "").endswith("."))
    ]
    assert not missing


def test_everything_is_closed_but_the_settings_of_adapters() -> None:
    """Nothing in a document is ignored silently."""
    loose = [
        path
        for path, rules in objects(schema())
        if "properties" in rules and rules.get("additionalProperties") is not False and "/oneOf/" not in path
    ]
    assert sorted(loose) == [f"/definitions/{name}" for name in sorted(OPEN)]


def test_every_unit_has_a_parser() -> None:
    """`x-unit` names nothing that cannot be read."""
    assert {rules["x-unit"] for _, rules in objects(schema()) if "x-unit" in rules} <= set(PARSERS)


def test_words_of_a_definition() -> None:
    """What is no word of the language is a setting."""
    assert {"adapter", "emits", "lateness"} <= words_of("input")
    assert "connect" not in words_of("input")


@pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("*.yaml")), ids=lambda p: p.stem)
def test_editors_accept_what_slac_accepts(path: Path) -> None:
    """A document without findings is valid for any validator of draft 07, as an editor has it."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not [error.message for error in Draft7Validator(schema()).iter_errors(data)]


def test_every_unbuilt_word_is_refused_by_name() -> None:
    """A word that is not built is neither accepted nor told to be unknown."""
    for path, rules in objects(schema()):
        for word in (
            w for w, value in rules.get("properties", {}).items() if isinstance(value, dict) and "x-not-built" in value
        ):
            errors = Draft7Validator({**rules, "definitions": schema()["definitions"]}).iter_errors({word: 1})
            found = {error.validator for error in errors if list(error.path) == [word]}
            assert found == {"not"}, f"{path}: {word}"
