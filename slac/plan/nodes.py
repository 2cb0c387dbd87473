"""The typed nodes of a dataflow: what an operator needs to know, and nothing of how it is run.

Ids are dotted by nesting: a block's last node has the block's name, what comes before it or after it on another
runtime is `block.where`, `block.partial`, `block.out.central`, `block.in.edge`. All durations are microseconds.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from slac.language.patterns.tree import AnyPattern
from slac.plan.calendars.spec import CalendarSpec
from slac.plan.expressions import AggregateCall, AnyExpr, NamedExpr
from slac.plan.guards import After, Backoff, Flapping, Inhibit, Schedule, Settle
from slac.plan.shedding import GateSpec, ShedContract
from slac.plan.sources import RateSpec as RateSpec  # noqa: PLC0414 - with the nodes that they belong to
from slac.plan.sources import SampledSpec as SampledSpec  # noqa: PLC0414
from slac.plan.sources import TableSpec as TableSpec  # noqa: PLC0414
from slac.plan.sources import TypeSpec as TypeSpec  # noqa: PLC0414
from slac.plan.traces import TraceSpec
from slac.plan.window_spec import WindowSpec as WindowSpec  # noqa: PLC0414
from slac.stream.types import Schema

Role = Literal["whole", "partial", "merged", "final"]


class Node(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all nodes.

    `inputs` are the ids of the nodes behind its ports, in order; `node` is the placement that runs it; `depth` is its
    block's place in the total order of design §3; rows of a `windowed` stream carry `_window_start`, `_seen`, `_kept`.
    `contract`: what load may do to its results; None for what has no inputs of its own that drop. `whole_by`: columns
    of its rows by whose values gates before it drop whole keys.
    """

    id: str
    block: str
    node: str
    inputs: tuple[str, ...] = ()
    schema: Schema
    depth: int = 0
    windowed: bool = False
    contract: ShedContract | None = None
    whole_by: tuple[str, ...] = ()


class SourceNode(Node, frozen=True, kw_only=True, tag="source"):
    """An input: adapter, wire form, time and gate. Its schema is payload then context, by bare names.

    `types`: an event is of the first whose condition is true; what is of none, or lacks a field that its type
    requires, is quarantined. Empty where the input has one type only, which payload and context describe.
    `natural_id`: columns whose hash is the event's id; a repeat within `retain` (event time) is dropped. `until`: the
    column (a timestamp, or a duration from the timestamp on) that makes an event an interval. `unknown`: what becomes
    of fields that no type declares; `keep` adds the column `unknown`, a map. `table`: it is read as a whole, and its
    rows are what has changed. `sensitive`: fields that are hashed in `schema`; those in `clear` are there in clear too,
    for selections that see them (`slac.plan.privacy`). `keeps_raw`: what is quarantined is kept as it came. `sampled`:
    its events are spans that stand for several, as their `tracestate` says.
    """

    adapter: str
    settings: dict[str, Any] = {}
    event: str
    payload: Schema
    context: Schema
    mapping: tuple[tuple[str, str], ...] = ()
    time_mode: Literal["event", "ingest"] = "event"
    time_unit: Literal["s", "ms", "us", "ns"] = "ms"
    lateness: int = 0
    idle: int = 10_000_000
    rate: RateSpec | None = None
    gate: GateSpec = GateSpec()
    can_wait: bool = False
    types: tuple[TypeSpec, ...] = ()
    natural_id: tuple[str, ...] = ()
    retain: int = 0
    until: str | None = None
    unknown: Literal["drop", "keep", "quarantine"] = "drop"
    table: TableSpec | None = None
    sensitive: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    keeps_raw: bool = True
    sampled: SampledSpec | None = None


class SelectNode(Node, frozen=True, kw_only=True, tag="select"):
    """Row by row: keep rows where `where` is true, then compute `columns` (None keeps all); `reid` makes new ids.

    `during`: rows outside of the calendar's hours are left out first. `sees`: the sensitive fields that it reads in
    clear; `clear`: those that it gives on to others that see them. `uncounted`: what it asks of a row, the gates
    before it do not know; so rows that stand for dropped ones (`_count`) end here, and counts behind it are estimates.
    """

    where: AnyExpr | None = None
    during: CalendarSpec | None = None
    columns: tuple[NamedExpr, ...] | None = None
    reid: bool = False
    uncounted: bool = False
    sees: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()


class UnionNode(Node, frozen=True, kw_only=True, tag="union"):
    """Rows of all inputs with the columns they share: what reading a supertype means. Adds `_depth` per port."""

    depths: tuple[int, ...]


class LatestJoinNode(Node, frozen=True, kw_only=True, tag="latest_join"):
    """Each left row (port 0) with the latest right row (port 1) of equal key, as of the left row's time.

    Right columns come as `alias.column`, NULL where there is none. `strict`: the right stream is derived from the
    left one, so a right row of the same time comes after (design §5, Q3). `table`: the right side is a table, whose
    rows hold until they change, and one without values is gone. `restate`: for so long (µs) rows of either side may be
    said again; 0: they never are.
    """

    alias: str
    by: tuple[str, ...]
    right_columns: tuple[str, ...]
    strict: bool = False
    table: bool = False
    retain: int
    restate: int = 0


class IntervalJoinNode(Node, frozen=True, kw_only=True, tag="interval_join"):
    """Every pair of a left row (port 0) and a right row (port 1) of equal key that are close enough in time.

    The right row is less than `before` earlier, or less than `after` later; where only one is given, the other side
    of the left row's instant is closed. `outer`: a left row without partner comes out too, with NULLs. `limit`: a row
    meets at most so many rows that came before it, the latest. `restate` as in a latest-join.
    """

    alias: str
    by: tuple[str, ...]
    right_columns: tuple[str, ...]
    before: int | None = None
    after: int | None = None
    outer: bool = False
    limit: int
    restate: int = 0

    @property
    def reach(self) -> tuple[int, int]:
        """Both bounds in µs, neither included; 1 leaves the left row's own instant."""
        return self.before or 1, self.after or 1


class StepsNode(Node, frozen=True, kw_only=True, tag="steps"):
    """Each row with what RATE, INCREASE and DELTA (`steps`) say from the sample before it, by key, to its own.

    Adds a column for each of them, NULL at the first sample of a key; after `retain` a sample is the first again.
    """

    keys: tuple[str, ...]
    steps: tuple[AggregateCall, ...]
    retain: int


class WindowNode(Node, frozen=True, kw_only=True, tag="window"):
    """Aggregates by key and window.

    `partial` emits one row of partial state a key and window (`slac.plan.aggregates.partial_schema`), `merged` makes
    one of those of several instances on their way, `final` the last. Then `project` computes the `select` columns over
    keys and aggregate values (`_a0`…), and `then` adds columns to them. `fill`: keys known within `retain` get a row
    for a window without rows (COUNTs 0, all else NULL, `then` NULL), because the stream is an audit's. `late`: a row
    for a window that was said is dropped, or the window is said again with the next `_revision`, for `retain`.
    `during`: windows without any hour of it are not filled. `counted`: names of those aggregates (`_a0`) that count
    what the gates before it have counted (`_count`), so that they are exact whatever was dropped. `units`: what those
    gates drop: single events; keys or windows so that a result has all of its events or none (`whole`); or keys of
    which a result is made of several (`keys`), whose totals are estimates without intervals. `together`: so many of its
    events, at most, are kept or dropped together although they are counted one by one; by its root intervals are wider.
    """

    role: Role = "whole"
    keys: tuple[str, ...]
    window: WindowSpec
    aggregates: tuple[AggregateCall, ...]
    project: tuple[NamedExpr, ...] = ()
    then: tuple[NamedExpr, ...] = ()
    fill: bool = False
    late: Literal["drop", "restate"] = "drop"
    during: CalendarSpec | None = None
    counted: tuple[str, ...] = ()
    units: Literal["events", "whole", "keys"] = "events"
    together: int = 1
    retain: int

    @property
    def is_divisible(self) -> bool:
        """Whether instances may compute partial rows of it: windows that all keys share, and that are said once."""
        return self.window.is_shared and self.late == "drop"


class LateNode(Node, frozen=True, kw_only=True, tag="late"):
    """Rows of its input that come when a window of theirs is over, which a window beside it drops.

    Their `_time` is the watermark that they met; the column `event_time` has their own. `in_order`: the window takes
    its rows in the total order, and so none that comes late, even while it is open.
    """

    window: WindowSpec
    in_order: bool = False
    event_time: str = "event_time"


class TracesNode(Node, frozen=True, kw_only=True, tag="traces"):
    """Records of calls become traces, one row each (`slac.plan.traces.trace_schema`).

    Records of a trace that ended less than `retain` ago are told as a fragment of it.
    """

    keys: tuple[str, ...]
    spec: TraceSpec
    retain: int


class StateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A state of an audit, in document order, with the condition that leads to it and its stay interval.

    A state that only time leads to (`after` of another one) has the constant NULL for `when`, and no `when_sql`. If it
    `follows` states, its condition leads to it from these only.
    """

    name: str
    when: AnyExpr
    when_sql: str = ""
    verdict: Literal["ok", "violated"]
    report_every: int | None = None
    backoff: Backoff | None = None
    report_at: tuple[Schedule, ...] = ()
    settle: Settle | None = None
    after: After | None = None
    follows: tuple[str, ...] = ()


class ReportBody(msgspec.Struct, frozen=True, kw_only=True):
    """A list that every report carries: rows of port `port` of the audit's key, aggregated by `by` over the period."""

    name: str
    port: int
    by: tuple[str, ...]
    aggregates: tuple[AggregateCall, ...]
    project: tuple[NamedExpr, ...]


class TagSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A tag of a pattern: the port whose rows it binds, and whether it holds several of them (`tag[]`)."""

    name: str
    port: int
    array: bool = False


class PatternNode(Node, frozen=True, kw_only=True, tag="pattern"):
    """Matches of a pattern over the rows of its ports, by key.

    `ports` says for each atom which port it reads, `depths` the depth of each port's rows (a union brings its own).
    `texts` are the expressions of the pattern by number: own columns of an event are bare, those of a tag are
    `tag.column` (`tag._time` is the row's time), a repeated tag is the list `tag[]`. `columns` are computed over the
    keys and tags of a match. `within`: last − first is less; `limit`: so many partial matches are open in a key, the
    oldest is given up first; a key without rows for `retain` is forgotten, and begins anew.
    """

    keys: tuple[str, ...]
    pattern: AnyPattern
    texts: tuple[AnyExpr, ...] = ()
    ports: tuple[int, ...]
    depths: tuple[int, ...]
    tags: tuple[TagSpec, ...]
    columns: tuple[NamedExpr, ...] = ()
    within: int | None = None
    limit: int | None = None
    retain: int


class AuditNode(Node, frozen=True, kw_only=True, tag="audit"):
    """A keyed state machine over port 0 and what it reports; ports 1… feed the report bodies, the last may inhibit.

    `during`: durations are hours of this calendar, and what falls due by the clock outside of them is left out.

    `report_at`: for every state, beside its own. `restate`: for so long (µs) rows may be said again; 0: they never are.
    `hold`: for so long they may be when a peer could not be reached.
    Rows: see `slac.plan.reports.report_schema`.
    """

    keys: tuple[str, ...]
    states: tuple[StateSpec, ...]
    initial: str | None = None
    no_data: Literal["hold", "ok", "violated", "undecided"] = "hold"
    report: tuple[ReportBody, ...] = ()
    report_at: tuple[Schedule, ...] = ()
    flapping: Flapping | None = None
    inhibit: Inhibit | None = None
    during: CalendarSpec | None = None
    retain: int
    restate: int = 0
    hold: int = 0

    @property
    def holds_back(self) -> bool:
        """Whether a change of state may be counted without being published at once."""
        return self.flapping is not None or self.inhibit is not None


class ViolationNode(Node, frozen=True, kw_only=True, tag="violation"):
    """A condition that must not hold: raised per key when it turns true, resolved when it turns false, held on NULL.

    `settle`: how long it must have been true before it raises. `repeat_every`: what is raised is told again so often.
    `restate`: for so long (µs) rows may be said again; 0: they never are. `hold`: for so long they may be when a peer
    could not be reached.
    """

    keys: tuple[str, ...]
    settle: Settle | None = None
    repeat_every: int | None = None
    condition: AnyExpr
    condition_sql: str = ""
    severity: str = "warning"
    message: str | None = None
    labels: dict[str, str] = {}
    retain: int
    restate: int = 0
    hold: int = 0


class AbsenceNode(Node, frozen=True, kw_only=True, tag="absence"):
    """Raised once when a stream (or a key of it) is silent for `silence`, resolved by its next row.

    `partial` (on an edge) thins rows to what the `final` needs to say exactly the same. `during`: `silence` is of the
    hours of this calendar. `repeat_every`: what is raised is told again so often.
    """

    role: Role = "whole"
    keys: tuple[str, ...]
    silence: int
    repeat_every: int | None = None
    severity: str = "warning"
    message: str | None = None
    labels: dict[str, str] = {}
    during: CalendarSpec | None = None
    retain: int


class OutputNode(Node, frozen=True, kw_only=True, tag="output"):
    """Publishes what comes in at its ports; port i publishes block `blocks[i]`, which is of kind `kinds[i]`."""

    blocks: tuple[str, ...]
    adapter: str
    settings: dict[str, Any] = {}
    kinds: tuple[Literal["report", "violation", "row"], ...]


class LinkOutNode(Node, frozen=True, kw_only=True, tag="link_out"):
    """Sends its input's rows to the runtime of placement `to`, in order, once the watermark has passed them.

    Where several `instances` share its keys, each row goes to the one that its value of the column `by` belongs to.
    """

    stream: str
    to: str
    instances: int = 1
    by: str | None = None


class LinkInNode(Node, frozen=True, kw_only=True, tag="link_in"):
    """Receives `stream` from all instances of placement `origin`; its watermark is the lowest of theirs."""

    stream: str
    origin: str
    hold: int


AnyNode = (
    SourceNode
    | SelectNode
    | UnionNode
    | LatestJoinNode
    | IntervalJoinNode
    | StepsNode
    | WindowNode
    | LateNode
    | TracesNode
    | PatternNode
    | AuditNode
    | ViolationNode
    | AbsenceNode
    | OutputNode
    | LinkOutNode
    | LinkInNode
)


def is_table(node: AnyNode) -> bool:
    """Whether a node reads a table."""
    return isinstance(node, SourceNode) and node.table is not None
