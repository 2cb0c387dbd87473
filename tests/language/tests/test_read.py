"""Files of tests: their form, and what is said where it is wrong."""

import json

import pytest
from jsonschema import Draft7Validator

from slac.diagnostics import Source
from slac.language.tests import FeedStep, TestDecl, read_test_file, schema_of_tests, schema_of_tests_text

HEAD = "apiVersion: slac/v1\nkind: Test\ndocument: shop.yaml\n"


def read(steps: str) -> tuple[TestDecl | None, list[str]]:
    """The only test of a file with these steps, and what was found."""
    file, found = read_test_file(Source("shop.test.yaml", f"{HEAD}tests:\n  - name: it\n    steps: {steps}\n"))
    if file is None:
        return None, [f"{d.span}: {d.code}: {d.summary}" for d in found]
    test, found = file.tests[0].read(values={"window": "10m"}, environment={})
    return test, [f"{d.span}: {d.code}: {d.summary}" for d in found]


def test_the_schema_is_a_schema() -> None:
    """It stands for itself: no reference leads out of it."""
    Draft7Validator.check_schema(schema_of_tests())
    assert json.loads(schema_of_tests_text()) == schema_of_tests()


def test_a_parameter_of_the_document_is_filled_in() -> None:
    """`${window}` is what the document's parameter is."""
    test, found = read('[{wait: "${window}"}]')
    assert test is not None
    assert not found
    assert test.steps[0].length == 600_000_000  # type: ignore[union-attr]


def test_given_series_and_on_stand_together() -> None:
    """They are one step."""
    test, found = read("[{given: {a: [{at: 1s, x: 1}]}, series: {block: b, every: 1s, for: 3s}, on: web-1}]")
    assert not found
    assert test is not None
    step = test.steps[0]
    assert isinstance(step, FeedStep)
    assert step.given[0].rows[0].at == test.start + 1_000_000
    assert step.series[0].count == 3


@pytest.mark.parametrize(
    ("steps", "code", "told"),
    [
        ("[{wait: 1m, end: true}]", "schema/bad-value", "does one thing"),
        ("[{wait: soon}]", "language/unit", "soon"),
        ("[{wait: 5}]", "language/unit", "5"),
        ("[{vait: 5m}]", "schema/unknown-key", "vait"),
        ("[{on: web-1}]", "schema/bad-value", "there are none"),
        ("[]", "schema/bad-value", "empty"),
        ("[{given: {a: [{at: later}]}}]", "language/unit", "later"),
        ("[{series: {block: a, every: 1s}}]", "schema/missing-key", '"for"'),
        ("[{series: {block: a, every: 1us, for: 1h}}]", "schema/bad-value", "too many"),
        ("[{series: {block: a, every: 1s, for: 2s, vary: {x: up}}}]", "schema/bad-value", "[up x3]"),
        ("[{expect: {a: {cuont: 3}}}]", "schema/unknown-key", "cuont"),
        ("[{expect: {a: nothing}}]", "schema/bad-value", "nothing"),
        ('[{wait: "${wndow}"}]', "language/variable", "wndow"),
    ],
)
def test_what_is_wrong_is_told(steps: str, code: str, told: str) -> None:
    """With its code and its place."""
    test, found = read(steps)
    assert test is None
    assert any(f": {code}: " in f and told in f and f.startswith("shop.test.yaml:") for f in found), found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "yaml/empty"),
        ("kind: Tset\n", "schema/version"),
        ("tests: []\n", "schema/missing-key"),
        ("[1, 2]\n", "schema/missing-key"),
        ("apiVersion: slac/v1\nkind: Test\ntests: []\n", "schema/missing-key"),
    ],
)
def test_what_is_no_file_of_tests(text: str, code: str) -> None:
    """It is told, and nothing is raised."""
    file, found = read_test_file(Source("x.test.yaml", text))
    assert file is None
    assert code in [d.code for d in found]
