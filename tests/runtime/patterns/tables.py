"""Reads the table of examples, and drives the evaluator with it, as callers that advance in steps of a second do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slac.language.patterns import Atom, Text, atoms, parse_pattern, pattern_text
from slac.runtime.patterns.bindings import Bindings
from slac.runtime.patterns.evaluator import Evaluator, Match
from slac.runtime.patterns.steps import prepared

SECOND = 1_000_000


@dataclass(frozen=True)
class Example:
    """A pattern, a stream, the matches in the words of the table."""

    pattern: str
    stream: tuple[str, ...]
    matches: tuple[str, ...]
    within: int | None = None
    limit: int | None = None

    def __str__(self) -> str:
        return f"{self.pattern} | {' '.join(self.stream)}"


def examples(path: Path) -> Iterator[Example]:
    """The lines `pattern | stream | matches` of a file; `within 3s` or `limit 2` may stand as a fourth column."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield _example([part.strip() for part in line.split("|")])


def shown(page: Path) -> Iterator[Example]:
    """The examples in the tables of a page, whose patterns stand in backticks and have a stream beside them."""
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) > 2 and re.fullmatch(r"[XYZ0-9 -]+", cells[1]):
            yield _example([cells[0].strip("`"), *cells[1:]])


def _example(cells: list[str]) -> Example:
    pattern, stream, matches, *more = cells
    words = dict(word.split() for word in more)
    found = () if matches == "(none)" else tuple(m.strip() for m in matches.split(";"))
    within = int(words["within"].removesuffix("s")) * SECOND if "within" in words else None
    limit = int(words["limit"]) if "limit" in words else None
    return Example(pattern, tuple(stream.split()), found, within, limit)


@dataclass(frozen=True, eq=False)
class Row:
    """X1 is the first event of type X; `n` is its number within the stream."""

    id: str
    n: int

    def __getattr__(self, name: str) -> Any:
        if name == "type":
            return self.id[0]
        raise AttributeError(name)


@dataclass(frozen=True)
class Given:
    """An event, and which atoms it fits by type."""

    only: Row
    mask: int

    def row(self, atom: int) -> Row:
        """The one row."""
        del atom
        return self.only


class PythonMeaning:
    """Texts as Python, which is enough for examples: `=`, `!=` and `and` mean what they mean in SQL."""

    def fits(self, atom: Atom, row: Row, bindings: Bindings) -> bool:
        """All conditions."""
        own = {"id": row.id, "n": row.n}
        return all(self._eval(c, {**bindings.tags, **own}) for c in atom.conditions)

    def value(self, text: Text, bindings: Bindings) -> Any:
        """An expression over tags."""
        return self._eval(text, dict(bindings.tags))

    def _eval(self, text: Text, names: dict[str, Any]) -> Any:
        source = text.sql.replace("!=", "<>").replace("=", "==").replace("<>", "!=")
        return eval(source, {"__builtins__": {}}, names)


def evaluator(pattern: str, within: int | None = None, limit: int | None = None) -> tuple[Evaluator, dict[str, int]]:
    """A started evaluator at time 0, and the atoms of each type as bits."""
    tree = parse_pattern(pattern).pattern
    masks: dict[str, int] = {}
    for atom in atoms(tree):
        masks[atom.stream] = masks.get(atom.stream, 0) | 1 << atom.index
    found = Evaluator(prepared(tree), PythonMeaning(), start=0, within=within, limit=limit)
    found.start()
    return found, masks


def played(example: Example) -> list[str]:
    """The matches of an example in the words of the table: per second, first the clock, then the event."""
    started, masks = evaluator(example.pattern, example.within, example.limit)
    said: list[str] = []
    for n, word in enumerate(example.stream, 1):
        said += [worded(m, f"t={n}s") for m in started.advance(n * SECOND)]
        if word != "-":
            row = Row(word, n)
            said += [worded(m, word) for m in started.event(Given(row, masks.get(word[0], 0)), n * SECOND)]
    return said


def worded(match: Match, trigger: str) -> str:
    """`Y1:x=X1 y=Y1`, tags in the order of their names."""
    bound = [f"{name}={_ids(rows)}" for name, rows in sorted(match.tags.items())]
    return f"{trigger}:{' '.join(bound)}" if bound else trigger


def reordered(matches: tuple[str, ...]) -> list[str]:
    """The matches of the table with their tags in the order of their names."""
    said = []
    for match in matches:
        trigger, _, bound = match.partition(":")
        said.append(f"{trigger}:{' '.join(sorted(bound.split()))}" if bound else trigger)
    return said


def printed(pattern: str) -> str:
    """The text after a round trip."""
    return pattern_text(parse_pattern(pattern).pattern)


def _ids(rows: Any) -> str:
    return f"[{','.join(r.id for r in rows)}]" if isinstance(rows, tuple) else rows.id
