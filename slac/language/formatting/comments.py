"""Comments on lines of their own: found, and moved to the indentation of what they belong to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import yaml

_TRAILING: Final = re.compile(r"\s+$")


def comments_of(text: str) -> Counter[str]:
    """Every comment of a text and how often it stands there, without its place."""
    found: Counter[str] = Counter()
    covered = _scalars(text)
    for number, line in enumerate(text.splitlines()):
        start = next(
            (m.start(1) for m in re.finditer(r"(?:^|\s)(#)", line) if not _in(covered, number, m.start(1))), None
        )
        if start is not None:
            found[line[start:].strip()] += 1
    return found


def indent_comments(before: str, after: str) -> str:
    """`after`, its comment lines indented as what they belonged to in `before`.

    That is the next line, or the line before where that one is deeper and the comment was deeper than the next.
    """
    inner = [_is_inner(before.splitlines(), n) for n in comment_lines(before)]
    lines, numbers = after.splitlines(), comment_lines(after)
    if len(numbers) != len(inner):
        return after
    for number, belongs_to_previous in zip(numbers, inner, strict=True):
        previous, following = _around(lines, number)
        indent = previous if belongs_to_previous else following
        lines[number] = " " * indent + lines[number].lstrip()
    return "\n".join(lines) + "\n"


def one_blank_line(text: str) -> str:
    """No blanks at the end of lines, no more than one empty line in a row, none at the ends; texts stay as they are."""
    inside = {n for first, _, last, _ in _scalars(text) for n in range(first, last + 1) if last > first}
    kept: list[str] = []
    for empty, group in groupby(enumerate(text.splitlines()), key=lambda pair: not pair[1].strip()):
        pairs = list(group)
        if empty and not any(number in inside for number, _ in pairs):
            kept.append("")
        else:
            kept += [line if number in inside else _TRAILING.sub("", line) for number, line in pairs]
    return "\n".join(kept).strip("\n") + "\n"


def comment_lines(text: str) -> list[int]:
    """The numbers (from 0) of the lines that hold nothing but a comment."""
    covered = _scalars(text)
    lines = text.splitlines()
    found = (n for n, line in enumerate(lines) if line.lstrip().startswith("#"))
    return [n for n in found if not _in(covered, n, len(lines[n]) - len(lines[n].lstrip()))]


def _is_inner(lines: Sequence[str], number: int) -> bool:
    previous, following = _around(lines, number)
    return following < min(previous, _indent(lines[number]))


def _around(lines: Sequence[str], number: int) -> tuple[int, int]:
    """The indentations of the lines with content before and behind a line; 0 where there is none."""
    before = next((_indent(line) for line in reversed(lines[:number]) if _has_content(line)), 0)
    behind = next((_indent(line) for line in lines[number + 1 :] if _has_content(line)), 0)
    return before, behind


def _has_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _scalars(text: str) -> list[tuple[int, int, int, int]]:
    """Where scalars stand: line and column of start and end, from 0. Only what has a `#` or several lines counts."""
    found = []
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark, token.end_mark
            if "#" in token.value or end.line > start.line:
                last = (end.line - 1, 10**9) if end.column == 0 and end.line > start.line else (end.line, end.column)
                found.append((start.line, start.column, *last))
    return found


def _in(covered: Sequence[tuple[int, int, int, int]], line: int, column: int) -> bool:
    return any((a, b) <= (line, column) < (c, d) for a, b, c, d in covered)
