"""The text of patterns: what binds how tightly, what is printed reads back equal, what is wrong is shown exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.language.patterns import (
    And,
    AnyPattern,
    Atom,
    Every,
    Followed,
    Interval,
    Length,
    Not,
    Or,
    PatternSyntaxError,
    Repeat,
    Within,
    parse_pattern,
    pattern_text,
)

WRONG = Path(__file__).parent / "wrong.txt"


def tree(text: str) -> AnyPattern:
    """The pattern of a text."""
    return parse_pattern(text).pattern


@pytest.mark.parametrize(
    ("text", "bracketed"),
    [
        ("every x=X where timer:within(1)", "every (x=X where timer:within(1))"),
        ("x=X -> y=Y where timer:within(1)", "x=X -> (y=Y where timer:within(1))"),
        ("x=X -> y=Y or z=Z", "x=X -> (y=Y or z=Z)"),
        ("x=X and y=Y or z=Z", "(x=X and y=Y) or z=Z"),
        ("every x=X until y=Y", "(every x=X) until y=Y"),
        ("every [2] x=X until y=Y", "(every [2] x=X) until y=Y"),
        ("every x=X and y=Y", "(every x=X) and y=Y"),
        ("x=X -> y=Y -> z=Z", "(x=X -> y=Y) -> z=Z"),
        ("x=X until y=Y until z=Z", "(x=X until y=Y) until z=Z"),
        ("NOT x=X AND EVERY y=Y", "(not x=X) and (every y=Y)"),
    ],
)
def test_precedence(text: str, bracketed: str) -> None:
    """What binds tightest needs no brackets."""
    assert tree(text) == tree(bracketed)
    assert pattern_text(tree(bracketed)) == pattern_text(tree(text))


def test_a_range_belongs_to_its_until() -> None:
    """`[2] x until y` is one bounded until."""
    assert isinstance(tree("[2] x=X until y=Y"), Repeat)
    assert tree("[2] x=X until y=Y") != tree("([2] x=X) until y=Y")
    assert tree("[2] x=X") == tree("[2:2] x=X")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("10m", Length(us=600_000_000)),
        ("1h30m", Length(us=5_400_000_000)),
        ("2 sec", Length(us=2_000_000)),
        ("1 min 2 sec", Length(us=62_000_000)),
        ("1500 msec", Length(us=1_500_000)),
        ("0.5", Length(us=500_000)),
        ("1 year 2 months", Length(months=14)),
    ],
)
def test_lengths(text: str, length: Length) -> None:
    """Both ways to write a length of time."""
    assert tree(f"timer:interval({text})") == Interval(length=length)


def test_conditions_end_where_their_bracket_does() -> None:
    """Commas and brackets within SQL, and within its texts, belong to it."""
    atom = tree("a=Down(code IN (1, 2), text = '), (', f(a, b) > 3)")
    assert isinstance(atom, Atom)
    assert [c.sql for c in atom.conditions] == ["code IN (1, 2)", "text = '), ('", "f(a, b) > 3"]
    places = parse_pattern("a=Down(code > 3) -> b=Up( x = a.x )")
    assert [(p.start, p.end) for p in places.texts] == [(7, 15), (26, 33)]
    assert [(p.start, p.end) for p in places.streams] == [(2, 6), (22, 24)]


@pytest.mark.parametrize("line", [n for n in WRONG.read_text(encoding="utf-8").split("\n\n") if n.strip()])
def test_what_is_wrong_is_shown(line: str) -> None:
    """The first line is the text, the second points at what is wrong with it, the third says what."""
    text, carets, said = line.strip("\n").split("\n")
    with pytest.raises(PatternSyntaxError) as caught:
        parse_pattern(text)
    error = caught.value
    assert carets == " " * error.start + "^" * (error.end - error.start)
    assert said == "; ".join(s for s in (error.summary, error.suggestion) if s)


def patterns() -> st.SearchStrategy[AnyPattern]:
    """Small trees; atoms and texts are numbered by reading them back."""
    leaves: st.SearchStrategy[AnyPattern] = st.sampled_from(
        [Atom(index=0, name="x", stream="X"), Atom(index=0, name=None, stream="Y"), Interval(length=Length(us=5))]
    )

    def grow(inner: st.SearchStrategy[AnyPattern]) -> st.SearchStrategy[AnyPattern]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(
            st.builds(Every, child=inner),
            st.builds(Not, child=inner),
            st.builds(And, parts=several),
            st.builds(Or, parts=several),
            st.builds(Followed, left=inner, right=inner, at_most=st.sampled_from([None, 2])),
            st.builds(lambda c, n: Repeat(child=c, low=n, high=n), inner, st.integers(1, 3)),
            st.builds(
                lambda c, u, n: Repeat(child=c, low=n, high=None, until=u), inner, inner, st.sampled_from([None, 2])
            ),
            st.builds(lambda c, n: Within(child=c, length=Length(us=7), at_most=n), inner, st.sampled_from([None, 2])),
        )

    return st.recursive(leaves, grow, max_leaves=6)


@given(patterns())
@settings(max_examples=150, deadline=None)
def test_what_is_printed_reads_back_equal(pattern: AnyPattern) -> None:
    """Printing loses nothing: a printed pattern, read and printed again, is the same text and tree."""
    text = pattern_text(pattern)
    read = parse_pattern(text).pattern
    assert pattern_text(read) == text
    assert parse_pattern(pattern_text(read)).pattern == read
    assert shape(read) == shape(pattern)


def shape(pattern: AnyPattern) -> str:
    """The form of a tree without the numbers of its atoms; chains of `and` in `and` count as written."""
    return repr(pattern).replace("index=", "").translate(str.maketrans("", "", "0123456789"))
