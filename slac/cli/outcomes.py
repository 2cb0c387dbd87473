"""Results of tests for people: a line a test, and for a failure its place and the rows that differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

from slac.diagnostics.frame import frame
from slac.testing.cases import DiffLine, Failure, RowDiff, TestResult

_WIDEST = 60


def failure_text(failure: Failure, *, color: bool = False) -> str:
    """The sentence, the place in the file, and the rows aligned; differing cells stand between two stars."""
    lines = [failure.summary, *frame(failure.span)]
    if failure.diff is not None:
        lines.append(_table(failure.diff) if color else _plain(failure.diff))
    return "\n".join(lines)


def result_line(result: TestResult) -> str:
    """`ok` or `FAILED`, the place and the name."""
    return f"{'ok    ' if result.passed else 'FAILED'} {result.test.span}: {result.test.name}"


def results_json(results: Sequence[tuple[str, TestResult, float]]) -> str:
    """All results as a JSON array."""
    return json.dumps([_object(*each) for each in results], indent=2, ensure_ascii=False) + "\n"


def _object(file: str, result: TestResult, seconds: float) -> dict[str, Any]:
    return {
        "file": file,
        "line": result.test.span.start.line,
        "name": result.test.name,
        "passed": result.passed,
        "seconds": round(seconds, 3),
        "expectations": result.expectations,
        "failures": [
            {"summary": f.summary, "line": f.span.start.line, "column": f.span.start.column, "rows": _diff(f.diff)}
            for f in result.failures
        ],
    }


def _diff(diff: RowDiff | None) -> list[dict[str, Any]]:
    if diff is None:
        return []
    return [
        {
            "mark": line.mark,
            "expected": dict(zip(diff.columns, line.expected, strict=False)),
            "got": dict(zip(diff.columns, line.got, strict=False)),
            "differ": [diff.columns[i] for i in sorted(line.wrong)],
        }
        for line in diff.lines
    ]


def _rows(diff: RowDiff) -> list[tuple[str, tuple[str, ...], frozenset[int]]]:
    """Mark, cells and differing cells of every line that is shown; two of a row that differs."""
    shown = []
    for line in diff.lines:
        shown += _pair(line)
    return shown


def _pair(line: DiffLine) -> list[tuple[str, tuple[str, ...], frozenset[int]]]:
    match line.mark:
        case "same":
            return [(" ", line.got, frozenset())]
        case "missing":
            return [("-", line.expected, frozenset())]
        case "unexpected":
            return [("+", line.got, frozenset())]
        case _:
            return [("-", line.expected, line.wrong), ("+", line.got, line.wrong)]


def _plain(diff: RowDiff) -> str:
    rows = [(mark, [f"*{c}*" if i in wrong else c for i, c in enumerate(cells)]) for mark, cells, wrong in _rows(diff)]
    table = [("", list(diff.columns)), *rows]
    widths = [min(_WIDEST, max(len(cells[i]) for _, cells in table)) for i in range(len(diff.columns))]
    lines = [
        f"     {mark or ' '} " + "  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True))
        for mark, cells in table
    ]
    return "\n".join([*(line.rstrip() for line in lines), "       (- expected, + got)"])


def _table(diff: RowDiff) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", *diff.columns, box=None, pad_edge=False)
    styles = {"-": "red", "+": "green", " ": "dim"}
    for mark, cells, wrong in _rows(diff):
        texts = [Text(c, style="bold reverse" if i in wrong else "") for i, c in enumerate(cells)]
        table.add_row(mark, *texts, style=styles[mark])
    out = Console(file=StringIO(), force_terminal=True, width=160)
    with out.capture() as captured:
        out.print(table)
        out.print("(- expected, + got)", style="dim")
    return captured.get().rstrip("\n")
