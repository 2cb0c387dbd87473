"""The JSON Schema of `kind: Test`: the definitions of tests are those of the bundled schema of documents."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from slac.language.findings import Findings
from slac.language.schema import schema
from slac.language.yaml.nodes import Node, plain


@cache
def schema_of_tests() -> dict[str, Any]:
    """The JSON Schema (draft-07) of files of tests as plain data; do not change it."""
    definitions = {n: rules for n, rules in schema()["definitions"].items() if n.startswith("test")}
    parameters = definitions["test"]["properties"]["parameters"]
    return {
        "$schema": schema()["$schema"],
        "title": "Tests of an SLA document, slac/v1",
        "description": "Tests that stand beside the document which they are about.",
        "type": "object",
        "properties": {
            "apiVersion": {"description": "The version of the language.", "const": "slac/v1"},
            "kind": {"description": "What the file is.", "const": "Test"},
            "metadata": {"description": "Free words about the file.", "type": "object"},
            "document": {"description": "The path of the document, from this file's folder.", "type": "string"},
            "parameters": {**parameters, "description": "Values for the document's parameters, in all tests."},
            "tests": schema()["properties"]["spec"]["properties"]["tests"],
        },
        "additionalProperties": False,
        "required": ["apiVersion", "kind", "document", "tests"],
        "definitions": definitions,
    }


def schema_of_tests_text() -> str:
    """The same as JSON text, for `slac schema --kind Test` and for editors."""
    return json.dumps(schema_of_tests(), indent=2, ensure_ascii=False) + "\n"


def check_test_schema(root: Node, findings: Findings) -> None:
    """Adds a finding for everything that does not have the form that the schema asks for."""
    from jsonschema import Draft7Validator

    from slac.language.schema_errors import report

    for error in Draft7Validator(schema_of_tests()).iter_errors(plain(root)):
        report(error, root, findings)
