"""What is shipped is in order: in its one form, within its budget, and each document has tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from slac.cli.commands.capacity import capacity
from slac.cli.commands.fmt import fmt

ROOT: Final = Path(__file__).parents[2]
FILES: Final = sorted(p for folder in ("sla_docs", "examples") for p in (ROOT / folder).rglob("*.yaml"))
DOCUMENTS: Final = [p for p in FILES if "kind: SLA\n" in p.read_text(encoding="utf-8")]
UNTESTED: Final = frozenset({"first", "events", "executions", "watchdog"})
"""The first document, types alone, and recordings that tests of their own run."""


def name(path: Path) -> str:
    """How a file is called in the list of tests."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_a_document_stays_within_its_budget(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`slac capacity report` knows each of its operators, and the rates that it states fit."""
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(capacity, ["report", name(path)], obj={})
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_a_document_has_tests(path: Path) -> None:
    """Beside it, both sides of its thresholds among them."""
    assert path.with_suffix(".test.yaml").exists() or path.stem in UNTESTED


def test_documents_have_their_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """`slac fmt --check`, tests among them."""
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(fmt, ["--check", *map(name, FILES)], obj={})
    assert result.exit_code == 0, result.output
