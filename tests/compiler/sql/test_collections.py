"""Enums, lists and maps in expressions: what they count as, what is read out of them, what is told."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.adapters.decoding.maps import canonical
from slac.compiler.sql import Scope, translate
from slac.plan.lowering import lower
from slac.stream.types import Enum, Field, Int, List, Map, Schema, String, Struct, to_polars
from tests.compiler.sql.support import marked, sql

LEVEL = Enum(("low", "high"))
SCHEMA = Schema(
    (
        Field("level", LEVEL),
        Field("before", LEVEL),
        Field("text", String()),
        Field("tags", List(String())),
        Field("levels", List(LEVEL)),
        Field("numbers", List(Int())),
        Field("labels", Map()),
        Field("others", Map()),
        Field("unknown", Map()),
        Field("user", Struct((Field("id", String(), nullable=False),))),
        Field("parts", List(Struct((Field("id", String()),)))),
    )
)
SCOPE = Scope.of(SCHEMA, stream='stream "runs"')
ROW: dict[str, Any] = {
    "level": "low",
    "before": "high",
    "text": "low",
    "tags": ["a", "b"],
    "levels": ["high"],
    "numbers": [3, None, 5],
    "labels": canonical({"pod": "x", "na me": 'a"b\\c', "é": "ü\n"}),
    "others": canonical({"é": "ü\n", "na me": 'a"b\\c', "pod": "x"}),
    "unknown": canonical({"a": "b"}),
    "user": {"id": "u"},
    "parts": [{"id": "p"}, {"id": "q"}],
}
NOTHING: dict[str, Any] = dict.fromkeys(ROW)


def value(text: str, row: dict[str, Any] = ROW) -> Any:
    """What an expression gives for a row; its type is the one that was promised."""
    found = translate(sql(text), SCOPE)
    assert found.expr is not None, found.diagnostics
    frame = pl.DataFrame([row], schema=SCHEMA.polars()).select(lower(found.expr).alias("it"))
    assert frame["it"].dtype == to_polars(found.expr.dtype)
    return frame["it"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level = 'low'", True),
        ("level IN ('high')", False),
        ("level = before", False),
        ("level = text", True),
        ("level || '!'", "low!"),
        ("COALESCE(level, 'none')", "low"),
        ("CASE WHEN TRUE THEN level ELSE before END", "low"),
        ("LEN(tags)", 2),
        ("LIST_CONTAINS(tags, 'b')", True),
        ("LIST_CONTAINS(tags, 'c')", False),
        ("LIST_CONTAINS(tags, text)", False),
        ("LIST_CONTAINS(levels, 'high')", True),
        ("LIST_CONTAINS(numbers, 5)", True),
        ("LEN(parts)", 2),
        ("tags[1]", "a"),
        ("tags[-1]", "b"),
        ("tags[3]", None),
        ("parts[2].id", "q"),
        ("(parts[1]).id", "p"),
        ("labels['pod']", "x"),
        ("labels['na me']", 'a"b\\c'),
        ("labels['é']", "ü\n"),
        ("labels['none'] IS NULL", True),
        ("labels = others", True),
        ("user['id']", "u"),
        ("unknown['a']", "b"),
    ],
)
def test_values(text: str, expected: object) -> None:
    """What comes out, and NULL of nothing."""
    assert value(text) == expected
    if "IS NULL" not in text and "COALESCE" not in text:
        assert value(text, NOTHING) is None


LABELS = st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=4)


@given(LABELS, st.text(max_size=6))
@settings(max_examples=60)
def test_a_label_is_what_was_put_there(labels: dict[str, str], name: str) -> None:
    """Whatever quotes, commas and backslashes names and values have."""
    written = name.replace("'", "''")
    found = translate(sql(f"labels['{written}']"), SCOPE)
    if found.expr is None:  # a lone surrogate or the like is no text of a document
        return
    frame = pl.DataFrame([{**NOTHING, "labels": canonical(labels)}], schema=SCHEMA.polars())
    assert frame.select(lower(found.expr)).item() == labels.get(name)


@given(LABELS)
@settings(max_examples=30)
def test_maps_are_equal_where_their_sorted_pairs_are(labels: dict[str, str]) -> None:
    """The order in which labels come does not matter."""
    assert canonical(labels) == canonical(dict(reversed(labels.items())))


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("level = 'hihg'", "types/enum", "'hihg'"),
        ("level IN ('low', 'hgih')", "types/enum", "'hgih'"),
        ("'higher' <> level", "types/enum", "'higher'"),
        ("LIST_CONTAINS(levels, 'x')", "types/enum", "'x'"),
        ("LIST_CONTAINS(tags, 1)", "types/mismatch", "LIST_CONTAINS(tags, 1)"),
        ("labels.pod = 'x'", "names/unknown-column", "pod"),
        ("labels[1] = 'x'", "types/mismatch", "labels[1]"),
        ("labels[text] = 'x'", "types/mismatch", "labels[text]"),
        ("tags[0] = 'x'", "sql/bad-literal", "tags[0]"),
        ("tags[text] = 'x'", "types/not-constant", "text"),
        ("tags[1:2] = tags", "sql/not-allowed", ":"),
        ("user['name'] = 'x'", "names/unknown-column", "'name'"),
        ("parts[1].name = 'x'", "names/unknown-column", "name"),
        ("labels < others", "types/mismatch", "labels < others"),
        ("LEN(labels) = 1", "types/mismatch", "LEN(labels)"),
    ],
)
def test_what_is_told(text: str, code: str, at: str) -> None:
    """The finding stands at the very word."""
    found = translate(sql(text), SCOPE)
    assert [d.code for d in found.diagnostics] == [code]
    assert marked(found.diagnostics[0]) == at


def test_the_nearest_value_is_suggested() -> None:
    """A misspelt value of an enum."""
    (told,) = translate(sql("level = 'hihg'"), SCOPE).diagnostics
    assert told.suggestion == 'did you mean "high"?'
