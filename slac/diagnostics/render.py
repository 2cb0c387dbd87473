"""Findings as a person reads them (text with code frames) and as a program does (JSON), in the order of the source."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from slac.diagnostics.diagnostic import Diagnostic, Related, Severity
from slac.diagnostics.frame import frame, gutter_of
from slac.diagnostics.spans import Span

_COLORS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.NOTE: "\x1b[1;36m"}
_PLAIN = "\x1b[0m"


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By source, line and column; findings without a place come last; equal ones once."""
    return sorted(dict.fromkeys(diagnostics), key=_order)


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool = False, limit: int = 50) -> str:
    """Every finding with its code frame, at most `limit` of them; ends with a line break unless there is none."""
    ordered = in_order(diagnostics)
    parts = [_message(d, color=color) for d in ordered[:limit]]
    if len(ordered) > limit:
        parts.append(f"... and {len(ordered) - limit} more, not shown\n")
    return "\n".join(parts)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array with one object a finding; lines and columns from 1, `end` behind the last character."""
    return json.dumps([_plain(d) for d in in_order(diagnostics)], indent=2, ensure_ascii=False) + "\n"


def _order(diagnostic: Diagnostic) -> tuple[Any, ...]:
    span = diagnostic.span
    place = (True, "", 0, 0) if span is None else (False, span.source.name, span.start.line, span.start.column)
    return (*place, diagnostic.code, diagnostic.summary)


def _message(diagnostic: Diagnostic, *, color: bool) -> str:
    head = f"{diagnostic.severity}[{diagnostic.code}]"
    if color:
        head = f"{_COLORS[diagnostic.severity]}{head}{_PLAIN}"
    lines = [f"{head}: {_summary(diagnostic)}"]
    gutter = "  "
    if diagnostic.span is not None:
        lines += frame(diagnostic.span)
        gutter = gutter_of(diagnostic.span)
    lines += _notes(diagnostic, gutter)
    for related in diagnostic.related:
        lines += [f"{gutter} = {related.label}:", *frame(related.span)]
    return "\n".join(lines) + "\n"


def _summary(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.summary} in {diagnostic.path}" if diagnostic.path else diagnostic.summary


def _notes(diagnostic: Diagnostic, gutter: str) -> list[str]:
    """Suggestion and details on one line after `=`; further lines of the details are indented below."""
    between = " " if diagnostic.suggestion.endswith(("?", ".", ":")) else "; "
    note = between.join(part for part in (diagnostic.suggestion, diagnostic.details) if part)
    first, *rest = note.splitlines() or [""]
    return [f"{gutter} = {first}", *(f"{gutter}   {line}".rstrip() for line in rest)] if note else []


def _plain(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "summary": diagnostic.summary,
        "path": diagnostic.path,
        "place": _place(diagnostic.span),
        "suggestion": diagnostic.suggestion,
        "details": diagnostic.details,
        "related": _related(diagnostic.related),
    }


def _place(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {
        "file": span.source.name,
        "start": {"line": span.start.line, "column": span.start.column},
        "end": {"line": span.end.line, "column": span.end.column},
    }


def _related(related: Sequence[Related]) -> list[dict[str, Any]]:
    return [{"label": r.label, "place": _place(r.span)} for r in related]
