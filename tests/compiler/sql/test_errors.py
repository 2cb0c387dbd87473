"""What is wrong in an expression: every case with its code, the very text that is marked, and words of the message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from slac.compiler.sql import translate
from slac.diagnostics import CODES, Position
from tests.compiler.sql.support import SCOPE, marked, run, sql

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "errors.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["sql"] or "empty" for case in CASES])
def test_what_is_said(case: dict[str, Any]) -> None:
    """The first finding has the code, marks the text, and says the words; no more is said than is wrong."""
    found = run(case["sql"])

    assert found.expr is None
    first = found.diagnostics[0]
    assert (first.code, marked(first)) == (case["code"], case["at"])
    assert first.code in CODES
    assert case["says"] in first.summary
    assert case.get("hint", "") in f"{first.suggestion} {first.details}"
    assert len(found.diagnostics) == 1 + case.get("more", 0)
    assert first.path == "spec.probes.slow.where"


def test_all_mistakes_at_once() -> None:
    """Every part of an expression is looked at, whatever is wrong with the others."""
    found = run("a = 'x' AND nope OR UPPR(s) IN (1, zz) AND NOT a").diagnostics

    assert [d.code for d in found] == [
        "types/mismatch",
        "names/unknown-column",
        "names/unknown-function",
        "names/unknown-column",
        "types/not-boolean",
    ]


def test_a_condition_is_boolean() -> None:
    """`where` takes a bool only; NULL is one."""
    wrong = translate(sql("a + 1"), SCOPE, condition=True)

    assert [d.code for d in wrong.diagnostics] == ["types/not-boolean"]
    assert translate(sql("NULL"), SCOPE, condition=True).expr is not None
    assert translate(sql("a > 1"), SCOPE, condition=True).expr is not None


def test_a_place_in_a_text_of_many_lines() -> None:
    """Line and column are those of the source, behind emoji and on later lines."""
    (found,) = run("s = '😀😀'\n  AND nope > 1").diagnostics

    assert found.span is not None
    assert (found.span.start, found.span.end) == (Position(2, 7), Position(2, 11))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "a" + ")" * 400,
        "NOT " * 900 + "ok",
        "- " * 901 + "a",
        " + ".join(["a"] * 900),
        "CASE WHEN ok THEN " * 40 + "1" + " END" * 40,
        "UPPER(" * 50 + "s" + ")" * 50,
        "a" * 9_000,
    ],
    ids=["brackets", "not", "minus", "sum", "case", "calls", "length"],
)
def test_too_deep(text: str) -> None:
    """What is nested too deeply or is too long is refused by name, and is no crash."""
    found = run(text)

    assert found.expr is None
    assert found.diagnostics[0].code in ("sql/too-deep", "sql/not-allowed")


def test_long_rows_of_logic_are_not_deep() -> None:
    """A long row of OR is flat."""
    assert run(" OR ".join(f"a = {n}" for n in range(500))).expr is not None
