"""Reads a Kieker text log: a directory with `kieker.map`, which names the record types, and `.dat` files of records.

A line is `$<type>;<logged at, ns>;<fields>…`; a semicolon or a backslash in a text may be written with a backslash
before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FIELD: Final = re.compile(r"((?:[^\\;]|\\.)*)(?:;|$)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its type without the package, and its fields as text."""

    type: str
    fields: tuple[str, ...]


def read_log(directory: Path) -> Iterator[Record]:
    """All records of a log, file by file in the order of their names; ValueError with the place of a line that is none.

    FileNotFoundError where the directory has no `kieker.map`.
    """
    types = _types(directory / "kieker.map")
    for path in sorted(directory.glob("*.dat")):
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, start=1):
            if line:
                yield _record(line, types, f"{path.name}:{number}")


def _types(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if "=" in line]
    return {number: name.rsplit(".", 1)[-1].strip() for number, _, name in (line.partition("=") for line in lines)}


def _record(line: str, types: dict[str, str], place: str) -> Record:
    number, *fields = split(line)
    if number not in types or not fields:
        raise ValueError(f'{place}: "{number}" is no type of kieker.map, or the line is cut off')
    return Record(types[number], tuple(fields[1:]))


def split(line: str) -> list[str]:
    """The fields of a line."""
    found: list[str] = []
    at = 0
    while at <= len(line):
        match = _FIELD.match(line, at)
        if match is None:  # a lone backslash at the end
            return [*found, line[at:]]
        found.append(_ESCAPED.sub(r"\1", match.group(1)))
        at = match.end() if match.group().endswith(";") else len(line) + 1
    return found
