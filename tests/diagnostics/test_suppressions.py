"""Comments that silence findings."""

import pytest

from slac.diagnostics import Diagnostic, Position, Severity, Source, Span, apply_suppressions


def found(source: Source, line: int, code: str = "blocks/unused", severity: Severity = Severity.WARNING) -> Diagnostic:
    """A finding on a line."""
    return Diagnostic(
        code=code, severity=severity, summary="x", span=Span(source, Position(line, 1), Position(line, 2))
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1  # slac disable blocks/unused\n", 1, id="behind the line"),
        pytest.param("# slac disable blocks/unused\na: 1\n", 2, id="above the line"),
        pytest.param("# slac disable blocks/unused\n# why\n\na: 1\n", 4, id="above, with more comments between"),
        pytest.param("a: 1\nb: 2\n# slac disable-file blocks/unused\n", 2, id="anywhere, for the file"),
        pytest.param("# slac disable placement/moved, blocks/unused because\na: 1\n", 2, id="several, with a reason"),
    ],
)
def test_a_warning_is_silenced(text: str, line: int) -> None:
    """On its line or in its file, and notes are too."""
    source = Source("x.yaml", text)
    for severity in (Severity.WARNING, Severity.NOTE):
        left = apply_suppressions([found(source, line, severity=severity)], source)
        assert "blocks/unused" not in [d.code for d in left]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1  # slac disable blocks/unused\nb: 1\n", 2, id="another line"),
        pytest.param("a: 1  # slac disable placement/moved\n", 1, id="another code"),
        pytest.param('a: "#slac disable blocks/unused"\n', 1, id="no comment"),
    ],
)
def test_others_are_not(text: str, line: int) -> None:
    """What the comment does not mean stays."""
    source = Source("x.yaml", text)
    assert "blocks/unused" in [d.code for d in apply_suppressions([found(source, line)], source)]


def test_errors_are_never_silenced() -> None:
    """That is said, and while there are errors, no comment is called unused."""
    source = Source("x.yaml", "a: 1  # slac disable blocks/unused\n")
    error = found(source, 1, severity=Severity.ERROR)
    kept, told = apply_suppressions([error], source)
    assert kept == error
    assert (told.code, told.severity) == ("suppressions/error", Severity.WARNING)


@pytest.mark.parametrize(
    ("comment", "code", "marked"),
    [
        ("# slac disable blocks/unusd", "suppressions/unknown-code", "blocks/unusd"),
        ("# slac disable blocks/unused", "suppressions/unused", "blocks/unused"),
        ("# slac disable", "suppressions/malformed", "disable"),
        ("# slac disable-line blocks/unused", "suppressions/malformed", "disable-line"),
    ],
)
def test_a_comment_that_does_nothing_is_said(comment: str, code: str, marked: str) -> None:
    """With the very word."""
    source = Source("x.yaml", f"{comment}\na: 1\n")
    (only,) = apply_suppressions([], source)
    assert only.code == code
    assert only.span is not None
    assert comment[only.span.start.column - 1 : only.span.end.column - 1] == marked


def test_prose_about_slac_is_no_suppression() -> None:
    """Headers of documents show commands."""
    source = Source("x.yaml", "#     slac run x.yaml\n# slac disables nothing here\na: 1\n")
    assert apply_suppressions([], source) == []


def test_a_comment_of_another_document_silences_there() -> None:
    """A finding in an imported document is silenced by a comment of that document, not by one of the importer."""
    imported = Source("y.yaml", "a: 1  # slac disable blocks/unused\n")
    importer = Source("x.yaml", "a: 1\n")
    assert apply_suppressions([found(imported, 1)], importer) == []
