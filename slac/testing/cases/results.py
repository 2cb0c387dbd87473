"""What became of a test: passed, or where it failed and how what came out differs from what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from slac.diagnostics import Span
from slac.language.tests import TestDecl

Mark = Literal["same", "differs", "missing", "unexpected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """An expected row beside the one that came out, as texts by column; `wrong` are the columns that differ.

    `missing`: nothing came out for it; `unexpected`: nobody expected it.
    """

    mark: Mark
    expected: tuple[str, ...]
    got: tuple[str, ...]
    wrong: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDiff:
    """Expected rows and those that came out, aligned."""

    columns: tuple[str, ...]
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a test failed: a sentence, its place, and the rows where it is about rows."""

    summary: str
    span: Span
    diff: RowDiff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test that was run; `expectations` counts how many blocks were asked."""

    __test__: ClassVar[bool] = False

    test: TestDecl
    failures: tuple[Failure, ...]
    expectations: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures
