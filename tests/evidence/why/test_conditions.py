"""What is not true of a condition, and by how much."""

from __future__ import annotations

import pytest

from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.evidence.why.conditions import failing
from slac.evidence.why.values import with_values
from slac.plan.expressions import AnyExpr
from slac.plan.nodes import SelectNode

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ms: "float?", n: "int?", ok: "bool?", name: "string?"}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check}}
  probes: {chosen: {from: checks, where: 'CONDITION'}}
  violations: {bad: {from: chosen, where: ms > 0}}
"""


def condition(text: str) -> AnyExpr:
    """As a document would have it."""
    source = Source("shop.yaml", DOCUMENT.replace("CONDITION", text.replace("'", "''")))
    plan = compile_document(source, CompileOptions(collapse=True)).plan
    node = plan["chosen"]
    assert isinstance(node, SelectNode)
    assert node.where is not None
    return node.where


ROW = {"ms": 120.0, "n": 3, "ok": True, "name": None}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ms > 100", []),
        ("ms > 500", ["120.0 > 500.0 is not true: it is 380 too low (ms > 500.0)"]),
        ("ms <= 100 AND n = 3", ["120.0 <= 100.0 is not true: it is 20 too high (ms <= 100.0)"]),
        ("n = 5", ["3 = 5 is not true: the difference is -2 (n = 5)"]),
        ("name = 'a'", ["NULL = 'a' is not true, because name is NULL (name = 'a')"]),
        ("NOT ok", ["NOT TRUE is FALSE (NOT ok)"]),
        (
            "n < 1 OR n > 4",
            ["3 < 1 is not true: it is 2 too high (n < 1) and 3 > 4 is not true: it is 1 too low (n > 4)"],
        ),
    ],
)
def test_what_fails_is_told(text: str, lines: list[str]) -> None:
    """Part by part, with the numbers."""
    assert failing(condition(text), ROW) == lines


def test_values_stand_in_the_places_of_columns() -> None:
    """Also within functions and CASE."""
    text = "COALESCE(name, 'none') = CASE WHEN ok THEN 'none' ELSE 'x' END"

    assert with_values(condition(text), ROW) == ("COALESCE(NULL, 'none') = CASE WHEN TRUE THEN 'none' ELSE 'x' END")
