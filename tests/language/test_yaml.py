"""YAML as slac takes it: core scalars of 1.2, and the way from a text back to the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.diagnostics import Position, Source, Span
from slac.language.source import MAX_BYTES, decode
from slac.language.terms import Segment, Sql
from slac.language.yaml.compose import MAX_CHARACTERS, compose
from slac.language.yaml.nodes import Mapping, Scalar, plain
from slac.language.yaml.scalars import typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("~", None),
        ("", None),
        ("true", True),
        ("30%", "30%"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    """An unquoted text is typed by the core schema of YAML 1.2."""
    assert typed(text) == value


def scalar(text: str) -> Scalar:
    """The value of the key `where` of a YAML text."""
    root, diagnostics = compose(Source("doc.yaml", text))
    assert isinstance(root, Mapping), diagnostics
    node = root.get("where")
    assert isinstance(node, Scalar)
    return node


def written(span: Span) -> str:
    """The text that stands at a span of one line."""
    return span.source.line(span.start.line)[span.start.column - 1 : span.end.column - 1]


def sql(text: str) -> Sql:
    """The SQL of the key `where`."""
    node = scalar(text)
    start = node.segments[0].start if node.segments else node.span.start
    return Sql(text=node.text, span=Span(node.span.source, start, node.span.end), segments=node.segments)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("where: duration > limit\n", id="plain"),
        pytest.param("  where:   duration > limit   # why\n", id="plain with a comment"),
        pytest.param("where: 'duration > limit'\n", id="single quotes"),
        pytest.param('{other: 1, where: "duration > limit"}\n', id="double quotes in flow"),
        pytest.param("where: |\n  duration\n    > limit\n", id="block"),
        pytest.param("where: |-\n\n  duration >\n\n  limit\n# end\n", id="block with empty lines"),
        pytest.param("where: >-\n  duration\n  > limit\n", id="folded"),
        pytest.param("where: duration\n  > limit\n", id="plain over two lines"),
        pytest.param('where: "duration\n  > limit"\n', id="quoted over two lines"),
        pytest.param("where: über = 'é' AND duration > limit\n", id="beyond ASCII"),
    ],
)
def test_every_word_of_sql_is_found_in_the_file(text: str) -> None:
    """A word of the expression is located where it stands, whatever the style."""
    expression = sql(text)
    for word in ("duration", ">", "limit"):
        at = expression.text.index(word)
        assert written(expression.locate(at, at + len(word))) == word


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("where: a > 5\n", True),
        ("where: 'a > 5'\n", True),
        ('where: "a > 5"\n', True),
        ("where: 'it''s'\n", False),
        ('where: "a\\tb"\n', False),
        ("where: |\n  a\n  b\n", False),
    ],
)
def test_exact_texts(text: str, exact: bool) -> None:  # noqa: FBT001 - a column of the table
    """A text of one line without escapes is exact: its offsets are columns."""
    assert sql(text).exact is exact


def test_what_an_escape_hides_is_the_whole_value() -> None:
    """Where the way back is lost, the whole value is marked."""
    expression = sql('where: "a\\tb > 5"\n')

    assert expression.locate(0, 1) == expression.span


def test_an_empty_stretch_has_a_width() -> None:
    """Something is always marked, also where a parser points between two characters."""
    span = sql("where: a > 5\n").locate(2, 2)

    assert written(span) == ">"


def test_segments_map_offsets() -> None:
    """An offset inside a segment is a column on its line."""
    assert Segment(4, 3, Position(2, 5)).at(6) == Position(2, 7)


def test_a_byte_order_mark_is_dropped() -> None:
    """A file from another world is read as if it had none."""
    source, diagnostics = decode("doc.yaml", b"\xef\xbb\xbfa: 1\n")

    assert source is not None
    assert source.text == "a: 1\n"
    assert not diagnostics


def test_utf16_is_named() -> None:
    """The hint says what the file is."""
    source, (only,) = decode("doc.yaml", "a: 1".encode("utf-16"))

    assert source is None
    assert only.code == "yaml/encoding"
    assert "UTF-16" in only.suggestion


def test_large_files_are_refused_before_they_are_read() -> None:
    """Neither too many bytes nor too many characters reach the parser."""
    assert decode("doc.yaml", b" " * (MAX_BYTES + 1))[1][0].code == "yaml/too-large"
    assert compose(Source("doc.yaml", " " * (MAX_CHARACTERS + 1)))[1][0].code == "yaml/too-large"


def test_an_alias_is_read_as_what_it_stands_for() -> None:
    """Inside the limits, anchors and aliases work."""
    root, diagnostics = compose(Source("doc.yaml", "a: &x [1, 2]\nb: *x\n"))

    assert root is not None
    assert plain(root) == {"a": [1, 2], "b": [1, 2]}
    assert not diagnostics


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_a_finding(data: bytes) -> None:
    """Decoding never raises."""
    source, diagnostics = decode("doc.yaml", data)
    assert (source is None) == bool(diagnostics)


@given(st.text(alphabet="ab:- \n\t'\"[]{}#&*!|>%@`,?$~", max_size=60))
def test_any_text_is_a_tree_or_a_finding(text: str) -> None:
    """Composing never raises, and says why there is no tree."""
    root, diagnostics = compose(Source("doc.yaml", text))
    assert root is not None or diagnostics
