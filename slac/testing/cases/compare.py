"""Expected rows against those that came out: aligned so that the fewest cells differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from slac.language.durations import format_duration
from slac.language.tests import RowDecl
from slac.stream.batch import TIME
from slac.stream.types import Timestamp
from slac.testing.cases.results import DiffLine, RowDiff
from slac.testing.cases.streams import Stream
from slac.testing.cases.values import agrees, micros, written

AT: Final = "at"
_MOST_CELLS: Final = 40_000
"""Beyond so many pairs of rows they are compared one by one in order."""
_ANYWAY: Final = 8
"""Columns that are shown of rows of which none were expected."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How rows of a stream are compared; instants are counted from `start` (µs)."""

    stream: Stream
    start: int

    def exact(self, expected: Sequence[RowDecl], got: Sequence[Row]) -> RowDiff | None:
        """The difference where `got` is not just `expected`, in this order; None where it is."""
        if len(expected) == len(got) and not any(self.wrong(e, g) for e, g in zip(expected, got, strict=True)):
            return None
        return self._diff(expected, got, self._align(expected, got))

    def among(self, expected: Sequence[RowDecl], got: Sequence[Row]) -> RowDiff | None:
        """The difference where some row of `expected` has none of its own in `got`; None where all have."""
        left = list(range(len(got)))
        pairs: list[tuple[int | None, int | None]] = []
        for i, row in enumerate(expected):
            found = next((j for j in left if not self.wrong(row, got[j])), None)
            pairs.append((i, found))
            if found is not None:
                left.remove(found)
        if all(j is not None for _, j in pairs):
            return None
        return self._diff(expected, got, [*pairs, *((None, j) for j in left)])

    def wrong(self, expected: RowDecl, got: Row) -> set[str]:
        """The columns in which a row is not as expected."""
        wrong = {
            c.name
            for c in expected.cells
            if not agrees(c.value, got.get(c.name), self.stream.fields[c.name].dtype, self.start)
        }
        if expected.at is not None and not 0 <= expected.at - micros(got[TIME]) <= 1:
            wrong.add(AT)
        return wrong

    def _cost(self, expected: RowDecl, got: Row) -> float:
        named = len(expected.cells) + (expected.at is not None)
        wrong = len(self.wrong(expected, got))
        # Rows that agree in nothing are a missing one and an unexpected one.
        return 0.0 if not wrong else 0.5 + 1.5 * wrong / named

    def _align(self, expected: Sequence[RowDecl], got: Sequence[Row]) -> list[tuple[int | None, int | None]]:
        n, m = len(expected), len(got)
        if n * m > _MOST_CELLS:
            return [(i if i < n else None, i if i < m else None) for i in range(max(n, m))]
        cost = [[float(i + j) for j in range(m + 1)] for i in range(n + 1)]
        pair = [[self._cost(e, g) for g in got] for e in expected]
        for i in range(1, n + 1):
            for j in range(1, m + 1):
                cost[i][j] = min(cost[i - 1][j - 1] + pair[i - 1][j - 1], cost[i - 1][j] + 1, cost[i][j - 1] + 1)
        return _path(cost, pair, n, m)

    def _diff(
        self, expected: Sequence[RowDecl], got: Sequence[Row], pairs: Sequence[tuple[int | None, int | None]]
    ) -> RowDiff:
        named = dict.fromkeys(c.name for row in expected for c in row.cells)
        columns = list(named) or list(self.stream.fields)[:_ANYWAY]
        shown = (AT, *columns)
        lines = []
        for i, j in pairs:
            row, made = None if i is None else expected[i], None if j is None else got[j]
            wrong = self.wrong(row, made) if row is not None and made is not None else set()
            lines.append(
                DiffLine(
                    mark="missing" if made is None else "unexpected" if row is None else "differs" if wrong else "same",
                    expected=self._expected_texts(row, columns),
                    got=self._got_texts(made, columns),
                    wrong=frozenset(n for n, name in enumerate(shown) if name in wrong),
                )
            )
        return RowDiff(columns=shown, lines=tuple(lines))

    def _expected_texts(self, row: RowDecl | None, columns: Sequence[str]) -> tuple[str, ...]:
        if row is None:
            return ()
        values = {c.name: c.value for c in row.cells}
        at = "" if row.at is None else format_duration(row.at - self.start)
        return (at, *(_expected_text(values[c], self.stream, c) if c in values else "" for c in columns))

    def _got_texts(self, row: Row | None, columns: Sequence[str]) -> tuple[str, ...]:
        if row is None:
            return ()
        return (written(row[TIME], self.start), *(written(row.get(c), self.start) for c in columns))


def _expected_text(value: Any, stream: Stream, column: str) -> str:
    if isinstance(value, dict) and "about" in value:
        return f"about {value['about']}"
    if isinstance(stream.fields[column].dtype, Timestamp):
        return str(value) if value is not None else "null"
    return written(value, 0)


def _path(cost: list[list[float]], pair: list[list[float]], n: int, m: int) -> list[tuple[int | None, int | None]]:
    steps: list[tuple[int | None, int | None]] = []
    while n or m:
        if n and m and cost[n][m] == cost[n - 1][m - 1] + pair[n - 1][m - 1]:
            n, m = n - 1, m - 1
            steps.append((n, m))
        elif n and cost[n][m] == cost[n - 1][m] + 1:
            n -= 1
            steps.append((n, None))
        else:
            m -= 1
            steps.append((None, m))
    return steps[::-1]
