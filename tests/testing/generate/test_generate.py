"""Traces made from documents, some of them odd."""

from functools import cache
from pathlib import Path

import pytest

from slac.compiler import CompileOptions, compile_paths
from slac.diagnostics import Source
from slac.language.tests import read_test_file
from slac.testing.cases import check_test, run_test
from slac.testing.generate import Generated, Limits, as_tests, generate, targets_of

FOLDER = Path(__file__).parent / "documents"
UNREACHABLE = {
    "joined": set[str](),
    "ratios": set[str](),
    "named": set[str](),
    "plain": {"raised", "resolved", "n below 1", "(n * n) exactly at 3"},
}


@cache
def made(name: str, block: str | None = None) -> Generated:
    """The traces for a document of this folder, searched for once."""
    (compiled,) = compile_paths([str(FOLDER / f"{name}.yaml")], CompileOptions(collapse=True, whole=True))
    return generate(compiled.plan, block=block, limits=Limits(runs=60 if block == "impossible" else 300))


def test_every_target_of_the_watchdog() -> None:
    """Three states, nine transitions, three alarms with two ends each, both shares and both loads on three sides."""
    path = Path(__file__).parents[3] / "sla_docs" / "scenarios" / "watchdog.yaml"
    (compiled,) = compile_paths([str(path)], CompileOptions(collapse=True, whole=True))
    targets = targets_of(compiled.plan)
    of_audit = [t.text for t in targets if t.block == "module_availability"]
    assert len([t for t in of_audit if t.startswith("state")]) == 3
    assert len([t for t in of_audit if t.startswith("from")]) == 6
    assert len([t for t in of_audit if t.startswith("staying")]) == 3
    assert len([t for t in targets if t.block == "case_results" and t.kind == "threshold"]) == 6
    assert len([t for t in targets if t.block == "case_results" and t.kind == "branch"]) == 3
    found = generate(compiled.plan, block="case_results")
    assert not found.missed


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("joined", None),
        ("named", "service"),
        ("plain", "shouting"),
        ("plain", "impossible"),
        ("ratios", "zones"),
        ("ratios", "busy"),
    ],
)
def test_a_document_never_seen(name: str, block: str | None) -> None:
    """What can be reached is; what cannot is told; and each trace is a test that passes on the document's nodes."""
    found = made(name, block)
    assert {t.text for t, _ in found.missed} <= UNREACHABLE[name]
    assert all("traces reached it" in why or "not reached" in why for _, why in found.missed)
    (compiled,) = compile_paths([str(FOLDER / f"{name}.yaml")], CompileOptions(whole=True))
    file, wrong = read_test_file(Source("made.test.yaml", as_tests(found, compiled.plan, f"{name}.yaml")))
    assert not wrong
    assert file is not None
    assert len(file.tests) == len(found.reached)
    for written in file.tests:
        test, wrong = written.read(values={}, environment={})
        assert test is not None, wrong
        assert not check_test(test, compiled.plan)
        result = run_test(compiled.plan, test)
        assert result.passed, (test.name, result.failures)


def test_traces_are_minimal() -> None:
    """One event shows a state, two a change; a count of twelve takes twelve, and one more is above."""
    sizes = {r.target.text: len(r.trace.events) for r in made("ratios", "busy").reached}
    assert sizes["all exactly at 12"] == 12
    assert sizes["all above 12"] == 13
    assert sizes["all below 12"] == 1
    sizes = {r.target.text: len(r.trace.events) for r in made("plain", "door").reached}
    assert sizes['state "held"'] == 1
    assert sizes['from "ajar" to "held"'] == 2


def test_windows_of_months_are_left_out() -> None:
    """A test of a month would take minutes; that is told, and the rest is made."""
    found = made("named", "month")
    assert not found.reached
    assert {why for _, why in found.missed} <= {
        "a test of windows of more than two days would take minutes",
        'the state "some" was not reached',
        'the state "many" was not reached',
    }


def test_the_same_document_gives_the_same_traces() -> None:
    """Nothing in the search is random."""
    assert made.__wrapped__("plain", "door") == made("plain", "door")
