"""Comments by which the author of a document silences a finding that is known and meant.

`# slac disable blocks/unused` behind a line, or on lines of its own above it, silences warnings and notes of these
codes on that line; `# slac disable-file blocks/unused` does so in the whole file. Several codes are parted by commas,
and what follows the last one is the reason. Errors are never silenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from slac.diagnostics.codes import CODES
from slac.diagnostics.diagnostic import Diagnostic, Severity
from slac.diagnostics.spans import Position, Source, Span
from slac.diagnostics.suggest import suggest

_COMMENT: Final = re.compile(
    r"(?:^|(?<=\s))#\s*slac\s+(?P<word>disable(?:-\w*)?)(?=[\s:]|$):?\s*(?P<codes>[\w/-]+(?:\s*,\s*[\w/-]+)*)?"
)
_CODE: Final = re.compile(r"[\w/-]+")
_LINE, _FILE = "disable", "disable-file"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One code of one comment: `line` is the line that it silences, None for the whole file; `span` is the code."""

    code: str
    line: int | None
    span: Span

    def covers(self, finding: Diagnostic) -> bool:
        """Whether this silences the finding."""
        return finding.severity is not Severity.ERROR and self.means(finding)

    def means(self, finding: Diagnostic) -> bool:
        """Whether the finding has its code and stands in its place; an error is not silenced by that."""
        span = finding.span
        here = span is not None and span.source == self.span.source and self.line in {None, span.start.line}
        return here and finding.code == self.code


def apply_suppressions(found: Sequence[Diagnostic], source: Source) -> list[Diagnostic]:
    """The findings that are not silenced, and what is wrong with the comments of `source` that silence others.

    A comment of an imported document silences there too, but is judged only where that document is `source`. While
    there are errors no comment is called unused: what it is meant for may not have been looked for yet.
    """
    sources = dict.fromkeys([source, *(d.span.source for d in found if d.span is not None)])
    suppressions = [s for each in sources for s in suppressions_in(each)]
    kept = [d for d in found if not any(s.covers(d) for s in suppressions)]
    own = [s for s in suppressions if s.span.source == source]
    faults = [*malformed_in(source), *(_unknown(s) for s in own if s.code not in CODES)]
    errors = [d for d in found if d.severity is Severity.ERROR]
    faults += [_of_error(s) for s in own if any(s.means(d) for d in errors)]
    if not errors:
        faults += [_unused(s) for s in own if s.code in CODES and not any(s.covers(d) for d in found)]
    return [*kept, *faults]


def suppressions_in(source: Source) -> Iterator[Suppression]:
    """Every code that a comment of the source silences, in the order of the text."""
    lines = source.text.splitlines() if "slac" in source.text else []
    for number, match in _comments(lines):
        if match["word"] in {_LINE, _FILE} and match["codes"]:
            own = not lines[number - 1][: match.start()].strip()
            line = None if match["word"] == _FILE else _next(lines, number) if own else number
            for code in _CODE.finditer(lines[number - 1], *match.span("codes")):
                yield Suppression(code.group(), line, _span(source, number, *code.span()))


def malformed_in(source: Source) -> Iterator[Diagnostic]:
    """A warning for every comment that looks like a suppression and is none."""
    lines = source.text.splitlines() if "slac" in source.text else []
    for number, match in _comments(lines):
        word = match["word"]
        if word not in {_LINE, _FILE} or not match["codes"]:
            wrong = f'"{word}" is no word for it' if word not in {_LINE, _FILE} else "it names no code"
            yield Diagnostic(
                code="suppressions/malformed",
                severity=Severity.WARNING,
                summary=f"this comment silences nothing: {wrong}",
                span=_span(source, number, *match.span("word")),
                suggestion="write # slac disable CODE, or # slac disable-file CODE",
            )


def _comments(lines: Sequence[str]) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in enumerate(lines, start=1):
        if "#" in line and (match := _COMMENT.search(line)):
            yield number, match


def _next(lines: Sequence[str], number: int) -> int:
    """The first line behind line `number` that holds more than a comment."""
    behind = range(number + 1, len(lines) + 1)
    return next((n for n in behind if lines[n - 1].strip() and not lines[n - 1].lstrip().startswith("#")), number)


def _unknown(suppression: Suppression) -> Diagnostic:
    return Diagnostic(
        code="suppressions/unknown-code",
        severity=Severity.WARNING,
        summary=f'there is no code "{suppression.code}" to silence',
        span=suppression.span,
        suggestion=suggest(suppression.code, CODES),
        details="`slac explain` lists all codes",
    )


def _of_error(suppression: Suppression) -> Diagnostic:
    return Diagnostic(
        code="suppressions/error",
        severity=Severity.WARNING,
        summary=f'"{suppression.code}" is an error here, and errors are not silenced',
        span=suppression.span,
        suggestion="mend it; only warnings and notes can be silenced",
    )


def _unused(suppression: Suppression) -> Diagnostic:
    where = "in this file" if suppression.line is None else f"on line {suppression.line}"
    return Diagnostic(
        code="suppressions/unused",
        severity=Severity.NOTE,
        summary=f'nothing {where} is silenced by "{suppression.code}"',
        span=suppression.span,
        suggestion="take the comment away",
    )


def _span(source: Source, line: int, start: int, end: int) -> Span:
    return Span(source, Position(line, start + 1), Position(line, end + 1))
