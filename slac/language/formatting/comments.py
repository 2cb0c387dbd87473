"""Comments on lines of their own: found, and moved to the indentation of what they belong to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import yaml

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: a document is scanned several times."""
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

    That is the next line; or, for a comment that is deeper than it, the level of the block that ends with the comment.
    """
    levels = [_level(before.splitlines(), n) for n in comment_lines(before)]
    lines, numbers = after.splitlines(), comment_lines(after)
    if len(numbers) != len(levels):
        return after
    for number, level in zip(numbers, levels, strict=True):
        chain = _chain(lines, number)
        indent = _following(lines, number) if level is None else chain[min(level, len(chain) - 1)]
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


def _level(lines: Sequence[str], number: int) -> int | None:
    """Which of the blocks that are open at the line before ends with the comment; None for one before the next line."""
    own, following = _indent(lines[number]), _following(lines, number)
    chain = _chain(lines, number)
    if following >= min(own, chain[0]):
        return None
    return next(level for level, indent in enumerate([*chain, 0]) if indent <= own)


def _chain(lines: Sequence[str], number: int) -> list[int]:
    """Indentations of the line with content before, and of those around it, outwards; ends with 0.

    A list may stand as far left as the key that holds it: then this indentation stands twice.
    """
    chain: list[int] = []
    in_list = False
    for line in filter(_has_content, reversed(lines[:number])):
        indent, is_item = _indent(line), line.lstrip().startswith("- ")
        if not chain or indent < chain[-1] or (indent == chain[-1] and in_list and not is_item):
            chain.append(indent)
            in_list = is_item
    return chain or [0]


def _following(lines: Sequence[str], number: int) -> int:
    """The indentation of the next line with content; 0 at the end."""
    return next((_indent(line) for line in lines[number + 1 :] if _has_content(line)), 0)


def _has_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _scalars(text: str) -> list[tuple[int, int, int, int]]:
    """Where scalars stand: line and column of start and end, from 0. Only what has a `#` or several lines counts."""
    found = []
    for token in yaml.scan(text, Loader=_LOADER):
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark, token.end_mark
            if "#" in token.value or end.line > start.line:
                last = (end.line - 1, 10**9) if end.column == 0 and end.line > start.line else (end.line, end.column)
                found.append((start.line, start.column, *last))
    return found


def _in(covered: Sequence[tuple[int, int, int, int]], line: int, column: int) -> bool:
    return any((a, b) <= (line, column) < (c, d) for a, b, c, d in covered)
