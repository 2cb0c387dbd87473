"""The events of a simulation in the order in which they arrive: from NDJSON, or from the log of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson
import polars as pl

from slac.adapters.decoding import ROW, Decoder, WireSchema
from slac.diagnostics import UsageError, listed, suggest
from slac.evidence.log.feed import Entered, RunBegan, steps
from slac.evidence.log.once import Once
from slac.evidence.log.reader import LogDirectory
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.operator import BEGINNING
from slac.runtime.tables.source import FIRST
from slac.stream.batch import TIME, instants
from slac.stream.ports import Records

INPUT = "input"
"""Beside a record, as `slac generate` writes it: the input that it is for."""


@dataclass(frozen=True, slots=True)
class Item:
    """One event for input `block`, which arrives when event time has come to `at` (µs): a record, or a row of a log."""

    at: int
    block: str
    record: Mapping[str, Any] | None = None
    row: pl.DataFrame | None = None


Feed = tuple[Item, ...]
"""Events in order of arrival."""


def from_ndjson(plan: Plan, block: str, data: bytes, where: str) -> list[Item]:
    """The records of a file for an input, in its order; UsageError where there is no such input, or no JSON.

    A record arrives at its own time, but no earlier than the one before it: who comes late is late.
    """
    node = _source(plan, block)
    records = [_record(line, n, where) for n, line in enumerate(data.splitlines(), 1) if line.strip()]
    return _timed(node, records)


def marked(plan: Plan, data: bytes, where: str) -> list[Item]:
    """Records that name their input beside them, as `slac generate --format ndjson` writes them."""
    by_block: dict[str, list[Mapping[str, Any]]] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        record = dict(_record(line, number, where))
        name = record.pop(INPUT, None)
        record.pop("target", None)
        if not isinstance(name, str):
            raise UsageError(f'{where}, line {number}: there is no "{INPUT}" beside the record: say --input BLOCK=FILE')
        by_block.setdefault(name, []).append(record)
    return [item for name, records in by_block.items() for item in _timed(_source(plan, name), records)]


def from_log(plan: Plan, logs: Iterable[LogDirectory]) -> list[Item]:
    """What came in at the inputs of a run, row by row. UsageError where the log has not all columns of one.

    Each input's rows arrive with its own event time: none is late that was not then, in whatever order a run was given
    its inputs; what was late still is. What a restart was given again comes once. The first version of a table, which
    holds since ever, is there when the events begin.
    """
    found = in_order(item for log in logs for item in _of_log(plan, log))
    begin = next((item.at for item in found if item.at > FIRST), 0)
    return [replace(item, at=max(item.at, begin)) for item in found]


def _of_log(plan: Plan, log: LogDirectory) -> Iterator[Item]:
    once = Once()
    high: dict[str, int] = {}
    # The document may have changed while it was logged: what neither the last one nor this one has is left out.
    inputs = {n.id: n.block for n in (*log.plan.nodes, *plan.nodes) if isinstance(n, SourceNode)}
    for step in steps(log):
        once.follow(step)
        match step:
            case RunBegan():
                high = {}
            case Entered(node=name, batch=batch) if batch is not None and name in inputs:
                block, frame = inputs[name], batch.frame
                _check(_source(plan, block), frame)
                arrivals = np.maximum.accumulate(np.append(high.get(name, BEGINNING), instants(frame).to_numpy()))
                high[name] = int(arrivals[-1])
                fresh = once.fresh(name, frame)
                rows = frame.filter(pl.Series(fresh)).iter_slices(1)
                yield from (Item(int(at), block, row=row) for at, row in zip(arrivals[1:][fresh], rows, strict=True))
            case _:
                continue


def _check(node: SourceNode, frame: pl.DataFrame) -> None:
    if node.clear:
        raise UsageError(
            f'conditions over {listed(node.clear)} of "{node.block}" see clear text, which no log holds: '
            f"give its events with --input {node.block}=FILE"
        )
    missing = [n for n in node.schema.names if n not in frame.columns]
    if missing:
        raise UsageError(f'the log does not have {listed(missing)} of "{node.block}": nobody read it then')


def in_order(items: Iterable[Item]) -> Feed:
    """By arrival; of one instant as they were given."""
    return tuple(sorted(items, key=lambda item: item.at))


def _source(plan: Plan, block: str) -> SourceNode:
    sources = {n.block: n for n in plan.nodes if isinstance(n, SourceNode)}
    if block not in sources:
        hint = suggest(block, sources) or f"inputs: {listed(sources)}"
        raise UsageError(f'the document has no input "{block}"; {hint}')
    return sources[block]


def _record(line: bytes, number: int, where: str) -> Mapping[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{where}, line {number}: this is not JSON: {error.msg}") from None
    if not isinstance(record, dict):
        raise UsageError(f"{where}, line {number}: a record is a JSON object")
    return record


def _timed(node: SourceNode, records: Sequence[Mapping[str, Any]]) -> list[Item]:
    """What cannot be decoded arrives with the record before it, and is refused as in a run."""
    if not records:
        return []
    schema = WireSchema(
        payload=node.payload,
        context=node.context,
        mapping=node.mapping,
        time_mode=node.time_mode,
        time_unit=node.time_unit,
        types=node.types,
        until=node.until,
        unknown=node.unknown,
        read=frozenset(),
    )
    data = b"\n".join(map(orjson.dumps, records))
    decoded = Decoder(schema).decode(Records(source=node.block, arrival=0, ndjson=data)).frame
    times = np.full(len(records), np.iinfo(np.int64).min)
    times[decoded[ROW].to_numpy()] = decoded[TIME].cast(pl.Int64).to_numpy()
    arrivals = np.maximum.accumulate(times)
    first = int(arrivals.max()) if decoded.height else 0
    arrivals = np.where(arrivals == np.iinfo(np.int64).min, min(first, int(times.max())), arrivals)
    return [Item(int(at), node.block, record=record) for at, record in zip(arrivals, records, strict=True)]
