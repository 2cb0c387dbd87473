"""A simulation as text for people: where it stands, rows, and the state of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import orjson
import polars as pl

from slac.adapters.publication.records import to_records
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, SourceNode
from slac.plan.render.describe import describe
from slac.runtime.operator import BEGINNING, ENDED
from slac.testing.simulation.holds import Holding, holdings
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


class NodeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a block: what it does, how far event time is, its statistics, and what it holds."""

    node: str
    what: str
    event_time: str
    statistics: dict[str, Any]
    next_at: str | None
    holds: list[Holding]


class BlockShown(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its nodes, how many rows it has made, and the last of them."""

    block: str
    nodes: list[NodeShown]
    made: int
    last: list[Any]


def shown(simulation: Simulation, name: str, key: Mapping[str, str] | None = None) -> BlockShown:
    """A block: its nodes with their statistics and state (of one key, where one is said), and its last rows."""
    last = list(simulation.last.get(name, ()))[-ROWS:]
    records = [r for f in last for r in to_records(f, document=simulation.plan.document, block=name, kind="row")]
    return BlockShown(
        block=name,
        nodes=[_node(simulation, node, key or {}) for node in simulation.plan.nodes if node.block == name],
        made=simulation.counts[name],
        last=[{k: v for k, v in record.items() if k not in _INNER} for record in records],
    )


def _node(simulation: Simulation, node: AnyNode, key: Mapping[str, str]) -> NodeShown:
    operator = simulation.core.flow.operators.get(node.id)
    statistics: dict[str, Any] = {}
    if isinstance(node, SourceNode):
        source = simulation.core.sources[node.block]
        counts = source.gate.counts
        statistics = {"seen": counts.seen, "kept": counts.kept, "late": source.late, "quarantined": source.quarantined}
    due = operator.next_due() if operator is not None else None
    return NodeShown(
        node=node.id,
        what=describe(node),
        event_time=instant(simulation.core.flow.watermark(node.id)),
        statistics=statistics if operator is None else dict(operator.statistics()),
        next_at=instant(due) if due is not None and BEGINNING < due < ENDED else None,
        holds=[] if operator is None else list(holdings(node, operator.snapshot(), key, ROWS)),
    )


def block_json(simulation: Simulation, name: str, key: Mapping[str, str] | None = None) -> str:
    """As `block`, in one line of JSON."""
    return msgspec.json.encode(shown(simulation, name, key), enc_hook=str).decode()


def block(simulation: Simulation, name: str, key: Mapping[str, str] | None = None) -> Iterator[str]:
    """As `shown`, in lines."""
    found = shown(simulation, name, key)
    for node in found.nodes:
        yield f"{node.node}: {node.what}"
        yield f"  event time {node.event_time}"
        if node.statistics:
            yield "  " + ", ".join(f"{name} {value}" for name, value in node.statistics.items())
        if node.next_at is not None:
            yield f"  has something to do at {node.next_at}"
        for held in node.holds:
            of_key = f" ({held.of_key} of the key)" if key else ""
            yield f"  {held.count} {held.what}{of_key}:"
            yield from (f"    {_told(row)}" for row in held.rows)
            if held.of_key > len(held.rows):
                yield f"    … and {held.of_key - len(held.rows)} more"
    if found.last:
        yield f"  last of {found.made} rows:"
        yield from (f"    {orjson.dumps(row, default=str).decode()}" for row in found.last)


def _told(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {'NULL' if value is None else value}" for name, value in row.items())
