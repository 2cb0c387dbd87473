"""The bundled JSON Schema (draft-07), and the check of a document's form against it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from slac.language.findings import Findings
from slac.language.yaml.nodes import Node, plain


def schema_text() -> str:
    """The JSON Schema as it is bundled, for `slac schema` and for editors."""
    return files("slac.language").joinpath("schema.json").read_text(encoding="utf-8")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema as plain data; do not change it."""
    loaded: dict[str, Any] = json.loads(schema_text())
    return loaded


@cache
def words_of(definition: str) -> frozenset[str]:
    """The keys that the language knows in a definition of the schema, such as `input`."""
    return frozenset(schema()["definitions"][definition]["properties"])


def check_schema(root: Node, findings: Findings) -> None:
    """Adds a finding for everything in the tree that does not have the form that the schema asks for."""
    from jsonschema import Draft7Validator

    from slac.language.schema_errors import report

    for error in Draft7Validator(schema()).iter_errors(plain(root)):
        report(error, root, findings)
