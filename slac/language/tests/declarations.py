"""What a test says, read and checked for form; block and column names are not resolved.

Instants are absolute: microseconds since the epoch, UTC. Lengths of time are microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from slac.diagnostics import Span
from slac.language.terms import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDecl:
    """A column of a row and its value as plain data."""

    name: str
    value: Any
    span: Span
    key_span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDecl:
    """A row; `at` is its instant where it says one."""

    at: int | None
    cells: tuple[CellDecl, ...]
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDecl:
    """Rows of one block."""

    block: Ref
    rows: tuple[RowDecl, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaryDecl:
    """A column that differs from row to row: its values in order, used again from the first; `GAP` is no row."""

    name: str
    values: tuple[Any, ...]
    span: Span
    key_span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDecl:
    """`count` rows of one block, `every` apart; `start` is the instant of the first (None: where the clock stands)."""

    block: Ref
    every: int
    count: int
    start: int | None
    row: tuple[CellDecl, ...]
    vary: tuple[VaryDecl, ...]
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStep:
    """Rows that come in, in the order of their times."""

    given: tuple[GivenDecl, ...]
    series: tuple[SeriesDecl, ...]
    on: Ref | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep:
    """The clock goes on; `silence`: until event time itself has passed so much."""

    length: int
    silence: bool
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartStep:
    """Runtimes (`node` or `node/instance`) are stopped and started from a checkpoint of this moment."""

    runtimes: tuple[Ref, ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashStep:
    """A runtime is started from its last checkpoint; `lost`: what its inputs have read since does not come again."""

    runtime: Ref
    lost: bool
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStep:
    """All inputs end."""

    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectDecl:
    """What a block has made since it was last asked.

    `rows` are all of them in order, or with `contains` some of them; `refused` counts records that were put aside.
    """

    block: Ref
    rows: tuple[RowDecl, ...] | None = None
    contains: bool = False
    count: int | None = None
    refused: int | None = None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectStep:
    """Expectations of several blocks at one moment."""

    blocks: tuple[ExpectDecl, ...]
    span: Span


StepDecl: TypeAlias = FeedStep | WaitStep | RestartStep | CrashStep | EndStep | ExpectStep


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDecl:
    """One test. `span` is its name."""

    # Keeps pytest from taking it for a class of tests.
    __test__: ClassVar[bool] = False

    name: str
    start: int
    placement: Literal["nodes", "collapsed"]
    instances: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, str]
    steps: tuple[StepDecl, ...]
    span: Span
    path: str = ""
    spans: Mapping[str, Span] = field(default_factory=dict, repr=False)
    """Where the names of `instances` stand."""

    @property
    def to_the_end(self) -> bool:
        """Whether the inputs end, so that time is that of the rows alone."""
        return any(isinstance(step, EndStep) for step in self.steps)
