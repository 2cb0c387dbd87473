"""What a test may not name."""

from pathlib import Path

import pytest

from slac.diagnostics import Diagnostic, DocumentInvalid, UsageError
from slac.stream.types import Bool, Field, Float, Int, List, String, Struct, Timestamp
from slac.testing.cases import load_tests
from slac.testing.cases.values import problem
from tests.testing.shop import SHOP, run, steps

SERIES = "series: {block: requests, every: 1s, for: 3s, row: {ok: true}"


def found(folder: Path, tests: str) -> list[Diagnostic]:
    """The findings in tests of the shop."""
    with pytest.raises(DocumentInvalid) as caught:
        run(folder, tests)
    return list(caught.value.diagnostics)


@pytest.mark.parametrize(
    ("written", "code", "suggestion"),
    [
        ("expect: {shopp: none}", "names/unknown-block", '"shop"'),
        ("given: {request: []}", "names/unknown-block", '"requests"'),
        ("expect: {screen: none}", "names/wrong-kind", ""),
        ("expect: {quality: [{al: 1}]}", "names/unknown-column", '"all"'),
        ("expect: {shop: [{users: [{usr: 1}]}]}", "types/mismatch", ""),
        ("expect: {quality: [{all: many}]}", "types/mismatch", ""),
        ("expect: {quality: {refused: 1}}", "schema/bad-value", ""),
        ("given: {requests: [{ok: true}]}", "schema/missing-key", ""),
        ("given: {requests: [{ok: true, millis: fast}]}", "types/mismatch", ""),
        ("given: {requests: [{ok: null, millis: 1}]}", "types/mismatch", ""),
        ("given: {shop: [{at: 1m, kind: stay}]}", "schema/missing-key", ""),
        (
            f"{SERIES}, vary: {{millis: [1, soon]}}}}",
            "types/mismatch",
            "",
        ),
        (
            f"{SERIES}, vary: {{milis: 1}}}}",
            "names/unknown-column",
            '"millis"',
        ),
        ("restart: centrl", "placement/unknown-node", '"central"'),
        ("crash: edge/web-1", "placement/unknown-node", ""),
    ],
)
def test_what_does_not_exist(written: str, code: str, suggestion: str, tmp_path: Path) -> None:
    """It is told with its place and the nearest name."""
    findings = found(tmp_path, steps(written))
    assert code in [d.code for d in findings]
    first = next(d for d in findings if d.code == code)
    assert first.span is not None
    assert str(first.span).startswith(str(tmp_path / "shop.test.yaml:"))
    assert suggestion in first.suggestion


def test_who_waits_for_the_end(tmp_path: Path) -> None:
    """A test with an end has no clock."""
    assert [d.code for d in found(tmp_path, steps("wait: 1m", "end: true"))] == ["schema/bad-value"]


def test_a_test_of_a_document_with_mistakes(tmp_path: Path) -> None:
    """The document's findings are told, once."""
    (tmp_path / "bad.yaml").write_text(SHOP.replace("WHERE ok", "WHERE okk"), encoding="utf-8")
    tests = "apiVersion: slac/v1\nkind: Test\ndocument: bad.yaml\ntests: [{name: a, steps: [{end: true}]}]\n"
    (tmp_path / "bad.test.yaml").write_text(tests, encoding="utf-8")
    with pytest.raises(DocumentInvalid) as caught:
        load_tests([str(tmp_path)], environment={}, parameters={})
    assert {d.code for d in caught.value.diagnostics} == {"names/unknown-column"}


def test_a_document_that_is_not_there(tmp_path: Path) -> None:
    """The place where it is named is shown."""
    (tmp_path / "a.test.yaml").write_text(
        "apiVersion: slac/v1\nkind: Test\ndocument: b.yaml\ntests: []\n", encoding="utf-8"
    )
    with pytest.raises(DocumentInvalid) as caught:
        load_tests([str(tmp_path)], environment={}, parameters={})
    assert [d.code for d in caught.value.diagnostics] == ["environment/missing"]
    with pytest.raises(UsageError, match="no file"):
        load_tests([str(tmp_path / "c.test.yaml")], environment={}, parameters={})


@pytest.mark.parametrize(
    ("value", "dtype", "fits"),
    [
        (1, Int(), True),
        (True, Int(), False),
        (1, Float(), True),
        (1.5, Int(), False),
        ("x", String(), True),
        (1, String(), False),
        (None, Bool(), True),
        ("10m", Timestamp(), True),
        ("soon", Timestamp(), False),
        ([{"a": 1}], List(item=Struct(fields=(Field("a", Int()),))), True),
        ([{"b": 1}], List(item=Struct(fields=(Field("a", Int()),))), False),
        ({"about": 1}, Float(), True),
        ({"about": 1}, String(), False),
    ],
)
def test_values_have_types(value: object, dtype: object, fits: bool) -> None:  # noqa: FBT001
    """What an expected value may be."""
    assert (problem(value, dtype, expected=True) is None) is fits  # type: ignore[arg-type]
