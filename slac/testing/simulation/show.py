"""A simulation as text for people: where it stands, rows, and the state of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import polars as pl

from slac.adapters.publication.records import plain, to_records
from slac.plan.graph import Plan
from slac.plan.nodes import AuditNode, SourceNode
from slac.plan.render.describe import describe
from slac.runtime.operator import BEGINNING, ENDED, State
from slac.testing.simulation.run import Made, Simulation

ROWS: Final = 10
"""Rows that are shown of what a step has made, or of a state."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INNER: Final = frozenset({"document", "block", "type"})


def instant(at: int | None) -> str:
    """µs since the epoch as RFC 3339."""
    if at is None or at <= BEGINNING:
        return "not begun"
    if at >= ENDED:
        return "the end"
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


def place(simulation: Simulation) -> str:
    """Where it stands, in a line."""
    count = f"event {simulation.position} of {len(simulation.feed)}"
    return f"{count}, clock {instant(simulation.now)}, event time {instant(simulation.watermark)}"


def stop(simulation: Simulation, made: Made) -> Iterator[str]:
    """What a step has made, and why it stopped."""
    yield place(simulation)
    counts: dict[str, int] = {}
    for block, rows in made.rows:
        counts[block] = counts.get(block, 0) + rows.height
    if counts:
        yield "  made: " + ", ".join(f"{block} {count}" for block, count in counts.items())
    for record in made.refused[:ROWS]:
        yield f"  refused by {record.input}: {record.reason}"
    for point, rows in made.hits:
        yield f"  {point}"
        yield from (f"    {line}" for line in row_lines(simulation.plan, point.block, rows))
    if made.over and not made.hits:
        yield "  there are no more events"


def row_lines(plan: Plan, block: str, rows: pl.DataFrame) -> Iterator[str]:
    """Rows as JSON, the first of many."""
    for record in to_records(rows.head(ROWS), document=plan.document, block=block, kind="row"):
        yield orjson.dumps({k: v for k, v in record.items() if k not in _INNER}).decode()
    if rows.height > ROWS:
        yield f"… and {rows.height - ROWS} more"


def overview(simulation: Simulation) -> Iterator[str]:
    """All blocks: what they do, and how many rows they have made."""
    nodes = [n for n in simulation.plan.nodes if n.id == n.block]
    width = max((len(n.block) for n in nodes), default=0)
    for node in nodes:
        yield f"{node.block:{width}}  {simulation.counts[node.block]:>7} rows  {describe(node)}"


def block(simulation: Simulation, name: str, key: Mapping[str, str] | None = None) -> Iterator[str]:
    """A block: its nodes with their statistics and state (of one key, where one is said), and its last rows."""
    for node in (n for n in simulation.plan.nodes if n.block == name):
        yield f"{node.id}: {describe(node)}"
        yield f"  event time {instant(simulation.core.flow.watermark(node.id))}"
        if isinstance(node, SourceNode):
            source = simulation.core.sources[node.block]
            counts = source.gate.counts
            yield f"  seen {counts.seen}, kept {counts.kept}, late {source.late}, quarantined {source.quarantined}"
            continue
        operator = simulation.core.flow.operators.get(node.id)
        if operator is None:
            continue
        told = ", ".join(f"{name} {value}" for name, value in operator.statistics().items())
        if told:
            yield f"  {told}"
        due = operator.next_due()
        if due is not None and BEGINNING < due < ENDED:
            yield f"  has something to do at {instant(due)}"
        names = {i: s.name for i, s in enumerate(node.states)} if isinstance(node, AuditNode) else {}
        yield from _state(operator.snapshot(), names, key or {})
    last = list(simulation.last.get(name, ()))[-ROWS:]
    if last:
        yield f"  last of {simulation.counts[name]} rows:"
        yield from (f"    {line}" for frame in last for line in row_lines(simulation.plan, name, frame))


def _state(state: State, names: Mapping[int, str], key: Mapping[str, str]) -> Iterator[str]:
    for title, frame in state.frames.items():
        shown = _of_key(frame, key)
        if not shown.height:
            continue
        yield f"  holds {frame.height} in {title}" + (f", {shown.height} of the key" if key else "") + ":"
        for row in shown.head(ROWS).iter_rows(named=True):
            yield "    " + ", ".join(_cells(row, names))
        if shown.height > ROWS:
            yield f"    … and {shown.height - ROWS} more"


def _cells(row: Mapping[str, Any], names: Mapping[int, str]) -> Iterator[str]:
    for column, value in row.items():
        name = column.removeprefix("_s.").removeprefix("_")
        if name == "slot" or value is None or (name in _COUNTS and not value):
            continue
        if column == "_s.state" and names:
            yield f"state {names.get(value, '-')}"
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= ENDED:
            continue
        elif isinstance(value, int) and name in _TIMES:
            yield f"{name} {instant(value)}"
        elif column == "_id":
            yield f"id {value:016x}"
        else:
            yield f"{name} {plain(value)}"


_TIMES: Final = frozenset(
    {
        "since",
        "said",
        "last",
        "due",
        "alarm",
        "heard",
        "published",
        "latest",
        "raised",
        "told",
        "start",
        "expires",
        "at",
    }
)


_COUNTS: Final = frozenset({"seen", "kept", "doubt"})
"""Of these nothing is said where they are 0."""


def _of_key(frame: pl.DataFrame, key: Mapping[str, str]) -> pl.DataFrame:
    for column, value in key.items():
        if column in frame.columns:
            frame = frame.filter(pl.col(column).cast(pl.String) == value)
    return frame
