"""The one form of documents: nothing is lost, and a second time changes nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.diagnostics import Severity, Source
from slac.language import read_document
from slac.language.formatting import format_document
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import plain

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    path
    for folder in ("sla_docs", "examples", "tests/language", "tests/compiler/cases", "tests/runtime")
    for path in (ROOT / folder).rglob("*.yaml")
)
SHIPPED = sorted(
    path
    for folder in ("sla_docs", "slac")
    for path in (ROOT / folder).rglob("*.yaml")
    if not path.name.endswith(".test.yaml")
)


def source_of(path: Path) -> Source:
    """A document's text, whatever is wrong with it."""
    return Source(path.name, path.read_text(encoding="utf-8", errors="replace"))


def formatted(text: str) -> str:
    """The form of a document that has one."""
    after, found = format_document(Source("x.yaml", text))
    assert after is not None, found
    return after


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_document_keeps_its_meaning(path: Path) -> None:
    """Formatted, it has the same values, reads the same, and is a fixed point; or it is no YAML and is left alone."""
    source = source_of(path)
    after, found = format_document(source)
    tree, _ = compose(source)
    if after is None:
        assert [d for d in found if d.severity is Severity.ERROR]
        assert "format/not-kept" not in [d.code for d in found]
        return
    assert tree is not None
    again = compose(Source("x", after))[0]
    assert again is not None
    assert plain(again) == plain(tree)
    assert formatted(after) == after
    results = [read_document(s, environment={}, parameters={}) for s in (source, Source(path.name, after))]
    assert [d.code for d in results[0][1]] == [d.code for d in results[1][1]]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_documents_are_in_their_form(path: Path) -> None:
    """What we show is as `slac fmt` writes it."""
    assert formatted(source_of(path).text) == source_of(path).text


def test_keys_stand_in_their_order_of_effect_with_their_comments() -> None:
    """Comments above a key go with it; other keys keep their places."""
    before = """\
spec:
    computations:
        load:
            select:
                - cpu: AVG(x)
            # by what
            by: host
            retain: 1h
            # the input
            from: machine
            # the end
        small: {window: tumbling 5s, from: load}
"""
    after = """\
spec:
  computations:
    load:
      # the input
      from: machine
      # by what
      by: host
      retain: 1h
      select:
        - cpu: AVG(x)
      # the end
    small: {from: load, window: tumbling 5s}
"""
    assert formatted(before) == after


def test_every_scalar_keeps_its_spelling() -> None:
    """YAML 1.1 would read some of these as other things than their authors meant."""
    text = "a: {b: 0123, c: 1:30, d: no, e: 2026-01-01, f: 1.0e-5, g: '5', h: \"x\", i: ~, j: 1_000}\n"
    assert formatted(text) == text


def test_a_pair_in_a_list_keeps_its_braces() -> None:
    """`[{a: b}]` and `[a: b]` are the same; the first is what our documents show."""
    assert formatted("a: [x, {y: z}]\n") == "a: [x, {y: z}]\n"


def test_blank_lines_are_thinned_but_not_within_texts() -> None:
    """One in a row at most; a text after `|` keeps its own."""
    assert formatted("\n\na: 1\n\n\n\nb: |\n  x\n\n\n  y\nc: 1\n\n\n") == "a: 1\n\nb: |\n  x\n\n\n  y\nc: 1\n"


def test_a_comment_belongs_to_what_follows_or_to_a_deeper_block_before() -> None:
    """It is indented like that."""
    before = "a:\n    # b\n    b: 1\n    # end of a\n# c\nc: 1\n"
    assert formatted(before) == "a:\n  # b\n  b: 1\n  # end of a\n# c\nc: 1\n"


def test_what_is_no_document_is_left_alone() -> None:
    """With the findings of the reader."""
    after, found = format_document(Source("x.yaml", "a: [1\nb: 2\n"))
    assert after is None
    assert [d.code for d in found] == ["yaml/syntax"]


def test_a_long_expression_in_flow_style_stays_on_its_line() -> None:
    """Lines break between items, never within SQL, whatever its quotes: a fold would look like two values."""
    sql = "COUNT(DISTINCT customer) + " * 8 + "1"
    for value in (sql, f"'{sql}'", f'"{sql}"'):
        text = f"spec:\n  probes:\n    a: {{from: orders, select: [x y, {{total: {value}}}, {{other: SUM(y)}}]}}\n"
        after = formatted(text)
        assert value in after
        assert not any(line.endswith(" ") for line in after.splitlines())


def test_sql_that_yaml_cuts_is_not_cemented() -> None:
    """`COUNT(a, b)` in flow style is `COUNT(a` and a key `b)`: the text stays, and the finding says what to write."""
    after, found = format_document(Source("x.yaml", "spec: {probes: {a: {select: [{total: COUNT(a, b)}]}}}\n"))
    assert after is None
    assert [d.code for d in found] == ["yaml/cut-expression"]


@given(
    st.lists(st.sampled_from(["COUNT(DISTINCT id)", "a", "AND", "'x y'", '"q r"', "1.50", "a_long_name"]), min_size=1)
)
def test_flow_lines_of_any_length_keep_their_values(words: list[str]) -> None:
    """Every text of a flow line is found again as it was, with no line break in it."""
    sql = "f " + " ".join(words * 4)
    quoted = "'" + sql.replace("'", "''") + "'"
    text = f"spec: {{a: {{x: {sql}, y: [{sql}, {{k: {quoted}}}], where: b}}, z: {sql}}}\n"
    before, after = compose(Source("x", text))[0], formatted(text)
    again = compose(Source("x", after))[0]
    assert before is not None
    assert again is not None
    assert plain(again) == plain(before)
    assert after.count(sql) >= text.count(sql)
    assert formatted(after) == after


@given(st.text(alphabet="ab:-#{}[],|'\"&* \n", max_size=40))
def test_any_text_ends_in_its_form_or_in_a_finding(text: str) -> None:
    """Never in a traceback, and never in something that is not a fixed point with the same values."""
    after, found = format_document(Source("x.yaml", text))
    if after is None:
        assert found
    else:
        assert formatted(after) == after
