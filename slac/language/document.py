"""What a document says, read and checked for form, but not yet for meaning: names are not resolved, SQL is not parsed.

All durations are microseconds. `span` of a named element is where its name stands; of anything else, its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Literal, TypeAlias

from slac.diagnostics import Source, Span
from slac.language.audit_decls import AfterDecl, BackoffDecl, FlappingDecl, ForDecl, MessageDecl, ScheduleDecl
from slac.language.calendar_decls import CalendarDecl, CountryDecl, RepeatedDecl
from slac.language.event_types import EventDecl, FieldDecl, FieldType
from slac.language.import_decls import ImportDecl, Imported
from slac.language.join_decls import JoinDecl
from slac.language.machine_decls import BudgetDecl, LoggingDecl, ParameterDecl, PlacementDecl, RuntimeDecl, Share
from slac.language.pattern_decls import AtomDecl, PatternDecl
from slac.language.rate_decls import PassDecl, RateDecl
from slac.language.shed_decls import SampledDecl, ShedDecl
from slac.language.table_decls import TableDecl
from slac.language.terms import DefaultFilled, Ref, Segment, Setting, Sql
from slac.language.trace_decls import TracesDecl
from slac.language.windows import CalendarUnit, WindowKind

__all__ = [
    "AtomDecl",
    "AuditDecl",
    "BlockDecl",
    "BudgetDecl",
    "CalendarDecl",
    "ColumnDecl",
    "ComputationDecl",
    "CountryDecl",
    "DefaultFilled",
    "DocumentDecl",
    "EmitDecl",
    "EventDecl",
    "FieldDecl",
    "FieldType",
    "ImportDecl",
    "Imported",
    "InputDecl",
    "JoinDecl",
    "LoggingDecl",
    "MapEntry",
    "OutputDecl",
    "ParameterDecl",
    "PatternDecl",
    "PlacementDecl",
    "PassDecl",
    "ProbeDecl",
    "Rate",
    "RateDecl",
    "Ref",
    "RepeatedDecl",
    "ReportBodyDecl",
    "RuntimeDecl",
    "Segment",
    "Setting",
    "Share",
    "ShedDecl",
    "Sql",
    "StateDecl",
    "TableDecl",
    "TimeDecl",
    "TracesDecl",
    "ViolationDecl",
    "WindowDecl",
]

Late: TypeAlias = Literal["drop", "restate", "side"]
Verdict: TypeAlias = Literal["ok", "violated"]
NoData: TypeAlias = Literal["hold", "ok", "violated", "undecided"]
Severity: TypeAlias = Literal["info", "warning", "critical"]
Unknown: TypeAlias = Literal["drop", "keep", "quarantine"]
Kept: TypeAlias = Literal["full", "reason"]
TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns"]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many per second."""

    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeDecl:
    """Where an input's time comes from, how late an event may be, and when silence lets time go on."""

    mode: Literal["event", "ingest"]
    unit: TimeUnit
    lateness_us: int
    idle_us: int
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapEntry:
    """A declared field (or `timestamp`) and the steps to it in the incoming JSON."""

    field: str
    steps: tuple[str, ...]
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitDecl:
    """An event type that an input emits, and the condition that an event of it meets.

    Without `when`: the only type, or what meets no other condition (`otherwise`). `span` is where the type is named.
    """

    type: Ref
    when: Sql | None
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDecl:
    """An input block; `settings` is all that is not a word of the language, and belongs to the adapter.

    `id` are the fields of the natural id, by which repeats are dropped for `retain_us`; `until` is the field at which
    an event ends that is an interval. Of several types in `emits`, an event is of the first whose condition is true.
    `quarantine` says how much of what cannot be used is kept, where the document says it.
    """

    name: str
    adapter: Ref
    settings: Mapping[str, Setting]
    emits: tuple[EmitDecl, ...]
    time: TimeDecl
    map: tuple[MapEntry, ...]
    id: tuple[Ref, ...]
    retain_us: int
    until: Ref | None
    unknown: Unknown
    rate: RateDecl | None
    shed: ShedDecl
    sampled: SampledDecl | None = None
    quarantine: Kept | None = None
    disk: int | None = None
    lag_us: int | None = None
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDecl:
    """An output column; without `sql` the column `source` (`ok`, `payload.user`) passes through under its last part."""

    name: str
    sql: Sql | None
    span: Span
    source: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDecl:
    """A probe; `select` is None where every field passes."""

    name: str
    from_: Ref
    where: Sql | None
    select: tuple[ColumnDecl, ...] | None
    span: Span
    path: str = ""
    shed: ShedDecl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDecl:
    """A window; the fields are those of `slac.language.windows.WindowText`.

    A tumbling one has `every_us == size_us`; `same` takes the upstream window and has both 0.
    """

    kind: WindowKind
    size_us: int
    every_us: int
    span: Span
    path: str = ""
    unit: CalendarUnit | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputationDecl:
    """A computation; the fields stand in their order of effect. `select` is None where every column passes."""

    name: str
    from_: Ref
    join: tuple[JoinDecl, ...]
    where: Sql | None
    by: tuple[Ref, ...]
    window: WindowDecl | None
    select: tuple[ColumnDecl, ...] | None
    then: tuple[ColumnDecl, ...]
    emits: Ref | None
    late: Late
    retain_us: int
    span: Span
    path: str = ""
    during: Ref | None = None
    shed: ShedDecl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDecl:
    """A state of an audit: the condition that holds in it, its verdict, and how often staying in it is reported.

    Without `when` only time leads to it: the `after` of another state.
    """

    name: str
    when: Sql | None
    verdict: Verdict
    report_every_us: int | None
    span: Span
    path: str = ""
    backoff: BackoffDecl | None = None
    report_at: tuple[ScheduleDecl, ...] = ()
    lasting: ForDecl | None = None
    after: AfterDecl | None = None
    follows: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBodyDecl:
    """A list that every report carries: rows of `from_` with the audit's key over the reporting period."""

    name: str
    from_: Ref
    by: tuple[Ref, ...]
    select: tuple[ColumnDecl, ...] | None
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDecl:
    """A keyed state machine over a stream; `states` stand in document order, which is the order of evaluation."""

    name: str
    from_: Ref
    by: tuple[Ref, ...]
    states: tuple[StateDecl, ...]
    initial: Ref | None
    no_data: NoData
    report: tuple[ReportBodyDecl, ...]
    retain_us: int
    span: Span
    path: str = ""
    report_at: tuple[ScheduleDecl, ...] = ()
    flapping: FlappingDecl | None = None
    inhibit: Ref | None = None
    during: Ref | None = None
    shed: ShedDecl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationDecl:
    """Silence (`absent` for `for_us`) or a row that must not be (`from_` with `where`): exactly one of the two."""

    name: str
    absent: Ref | None
    for_us: int | None
    from_: Ref | None
    where: Sql | None
    by: tuple[Ref, ...]
    severity: Severity
    message: MessageDecl | None
    labels: Mapping[str, str]
    lasting: ForDecl | None = None
    repeat_every_us: int | None = None
    retain_us: int | None = None
    span: Span
    path: str = ""
    during: Ref | None = None
    shed: ShedDecl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDecl:
    """An output block and the audits and violations that it publishes."""

    name: str
    adapter: Ref
    settings: Mapping[str, Setting]
    from_: tuple[Ref, ...]
    span: Span
    path: str = ""


BlockDecl: TypeAlias = (
    InputDecl
    | TableDecl
    | ProbeDecl
    | ComputationDecl
    | PatternDecl
    | TracesDecl
    | AuditDecl
    | ViolationDecl
    | OutputDecl
)


@dataclass(frozen=True, kw_only=True)
class DocumentDecl:
    """A whole document; every tuple stands in document order. No `placement` means one node.

    What was imported stands behind what is the document's own, under dotted names. `functions` is the path of a module
    of functions, from the folder of the document.
    """

    name: str
    labels: Mapping[str, str]
    parameters: tuple[ParameterDecl, ...]
    events: tuple[EventDecl, ...]
    inputs: tuple[InputDecl, ...]
    probes: tuple[ProbeDecl, ...]
    computations: tuple[ComputationDecl | PatternDecl | TracesDecl, ...]
    audits: tuple[AuditDecl, ...]
    violations: tuple[ViolationDecl, ...]
    outputs: tuple[OutputDecl, ...]
    logging: LoggingDecl
    runtime: RuntimeDecl
    placement: tuple[PlacementDecl, ...]
    defaults: tuple[DefaultFilled, ...]
    source: Source
    span: Span
    imports: tuple[ImportDecl, ...] = ()
    imported: tuple[Imported, ...] = ()
    tables: tuple[TableDecl, ...] = ()
    functions: Ref | None = None
    calendars: tuple[CalendarDecl, ...] = ()
    filled: Mapping[tuple[str | int, ...], str] = field(default_factory=dict)
    """Where a `${…}` was filled in, with the text that stands there."""

    @cached_property
    def blocks(self) -> tuple[BlockDecl, ...]:
        """All blocks, in the order in which data flows through their kinds."""
        kinds: tuple[tuple[BlockDecl, ...], ...] = (
            self.inputs,
            self.tables,
            self.probes,
            self.computations,
            self.audits,
            self.violations,
            self.outputs,
        )
        return tuple(chain.from_iterable(kinds))

    @cached_property
    def by_name(self) -> Mapping[str, BlockDecl]:
        """The blocks by name, in the same order."""
        return MappingProxyType({b.name: b for b in self.blocks})
