"""What a finding looks like."""

import json

import pytest

from slac.diagnostics import Diagnostic, Position, Related, Severity, Source, Span, render_json, render_text


def span(source: Source, line: int, first: int, last: int) -> Span:
    """A stretch of one line, from column `first` to before `last`."""
    return Span(source, Position(line, first), Position(line, last))


SHOP = Source("shop.yaml", "a: 1\n" * 22 + "      where: durations > 5\n")
UNKNOWN = Diagnostic(
    code="names/unknown-column",
    summary='unknown column "durations"',
    path="spec.probes.slow.where",
    span=span(SHOP, 23, 14, 23),
    suggestion='did you mean "duration"?',
    details='columns of stream "spans": duration, name',
)


def test_a_finding_has_a_code_frame() -> None:
    """Code, summary and path; the place; the line with carets; the suggestion and what exists."""
    expected = """\
error[names/unknown-column]: unknown column "durations" in spec.probes.slow.where
  --> shop.yaml:23:14
   |
23 |       where: durations > 5
   |              ^^^^^^^^^
   = did you mean "duration"? columns of stream "spans": duration, name
"""
    assert render_text([UNKNOWN]) == expected


def test_findings_stand_in_the_order_of_the_text_and_once() -> None:
    """Position decides, not the order in which stages found them; what has no place comes last."""
    early = Diagnostic(code="a/b", summary="early", span=span(SHOP, 1, 1, 2))
    nowhere = Diagnostic(code="a/b", summary="nowhere")
    text = render_text([nowhere, UNKNOWN, early, UNKNOWN])

    assert [text.index(word) for word in ("early", "durations", "nowhere")] == sorted(
        text.index(word) for word in ("early", "durations", "nowhere")
    )
    assert text.count("unknown column") == 1


def test_too_many_findings_are_counted() -> None:
    """Past the limit, only the number of the rest is said."""
    many = [Diagnostic(code="a/b", summary=f"number {n}") for n in range(7)]

    assert render_text(many, limit=5).endswith("... and 2 more, not shown\n")


def test_no_findings_render_as_nothing() -> None:
    """An empty list gives an empty text and an empty array."""
    assert render_text([]) == ""
    assert json.loads(render_json([])) == []


def test_related_places_are_shown() -> None:
    """A second place has a frame of its own under its label."""
    twice = Diagnostic(
        code="a/b", summary="twice", span=span(SHOP, 2, 1, 2), related=(Related(span(SHOP, 1, 1, 2), "here first"),)
    )

    assert "   = here first:\n  --> shop.yaml:1:1\n" in render_text([twice])


@pytest.mark.parametrize(
    ("line", "column", "caret_at"),
    [
        pytest.param("\tx", 2, 4, id="a tab is four blanks"),
        pytest.param("日本x", 3, 4, id="wide characters take two cells"),
        pytest.param("e\u0301x", 3, 1, id="combining marks take none"),
        pytest.param("", 1, 0, id="past the end of an empty line"),
    ],
)
def test_carets_stand_below_what_a_terminal_shows(line: str, column: int, caret_at: int) -> None:
    """The caret line counts cells, not code points."""
    text = render_text([Diagnostic(code="a/b", summary="x", span=span(Source("s", line), 1, column, column + 1))])

    assert text.splitlines()[-1] == "   | " + " " * caret_at + "^"


def test_control_characters_never_reach_the_terminal() -> None:
    """An escape sequence in a document is shown as a replacement mark."""
    text = render_text([Diagnostic(code="a/b", summary="x", span=span(Source("s", "a\x1b[31m"), 1, 1, 2))])

    assert "\x1b" not in text


def test_a_very_long_line_is_cut_around_the_carets() -> None:
    """A line of thousands of characters is shown in part, with the caret at the right character."""
    source = Source("s", "a" * 3000 + "X" + "b" * 3000)
    _, _, _, shown, carets = render_text(
        [Diagnostic(code="a/b", summary="x", span=span(source, 1, 3001, 3002))]
    ).splitlines()

    assert len(shown) < 200
    assert shown[carets.index("^")] == "X"


def test_colour_is_only_in_the_head() -> None:
    """Severity and code are coloured when asked for."""
    warning = Diagnostic(code="a/b", summary="x", severity=Severity.WARNING)

    assert render_text([warning], color=True) == "\x1b[1;33mwarning[a/b]\x1b[0m: x\n"


def test_json_has_every_part() -> None:
    """A program reads the same that a person does, with places in numbers."""
    (only,) = json.loads(render_json([UNKNOWN]))

    assert only["code"] == "names/unknown-column"
    assert only["place"] == {
        "file": "shop.yaml",
        "start": {"line": 23, "column": 14},
        "end": {"line": 23, "column": 23},
    }
    assert only["suggestion"] == 'did you mean "duration"?'
