"""Trials of what lies at the rim of a runtime: gate, decoding, links, outputs and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import polars as pl

from slac.adapters.publication.records import to_ndjson
from slac.calibration.measure import Trial
from slac.calibration.rows import SCHEMA, START, batch
from slac.plan.graph import Placement, Plan, PlanData
from slac.plan.nodes import AnyNode, LinkInNode, OutputNode, SelectNode, SourceNode
from slac.runtime.checkpoint import pack
from slac.runtime.core import Core
from slac.runtime.instructions import Send
from slac.runtime.links.protocol import Data, Part, encode, from_body, to_body
from slac.runtime.operator import State
from slac.runtime.source import Source
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.sizes import arrow_bytes, json_bytes, text_fields
from slac.shedding.gate import Gate
from slac.stream.batch import ID, TIME
from slac.stream.ids import sequence_ids
from slac.stream.ports import Records
from slac.stream.types import Schema

SIZES: Final = (10, 100, 1_000, 20_000)
QUICK: Final = (10, 1_000, 5_000)
NARROW: Final = Schema((*SCHEMA.fields[:1], *SCHEMA.fields[2:3]))
"""Two fields instead of five."""
KEYS: Final = 100
WAVES: Final = 20


def rim(*, quick: bool) -> Iterator[Trial]:
    """All trials of this family."""
    yield _wave()
    for rows in QUICK if quick else SIZES:
        yield Trial(kind="gate", work=Work(batches=1, rows=rows), prepare=_gate(rows))
        for schema in (NARROW, SCHEMA):
            yield from _decoding(rows, schema)
            yield from _links(rows, schema)
            yield _output(rows, schema)
        yield _checkpoint(rows)


def _wave() -> Trial:
    """A message without rows passes through a core of three nodes: what every wake costs, whatever comes with it."""
    common: dict[str, Any] = {"block": "b", "node": "n", "schema": SCHEMA}
    nodes: tuple[AnyNode, ...] = (
        LinkInNode(id="in", stream="s", origin="m", hold=1, **common),
        SelectNode(id="b", inputs=("in",), **common),
        OutputNode(id="o", inputs=("b",), adapter="stdout", blocks=("b",), kinds=("row",), **common),
    )
    plan = Plan(PlanData(document="calibration", nodes=nodes, placements=(Placement(name="n"),)))

    def prepare() -> Callable[[], object]:
        core = Core(plan, now=START, live=True)

        def run() -> None:
            for n in range(WAVES):
                core.on_link("s", "m", Send("s", "n", None, START + n), START + n)

        return run

    return Trial(kind="wave", work=Work(batches=WAVES), prepare=prepare)


def _gate(rows: int) -> Callable[[], Callable[[], object]]:
    ids = sequence_ids(1, 0, rows)

    def prepare() -> Callable[[], object]:
        gate = Gate("i", 1)
        gate.set_admission(0.5, "cpu", {})
        return lambda: gate.admit_ids(ids)

    return prepare


def _decoding(rows: int, schema: Schema) -> Iterator[Trial]:
    """Through the whole stage of an input: ids, decoding, stamping, lateness."""
    frame = batch(rows, KEYS, 0)
    fields = frame.select(pl.col(TIME).dt.epoch("ms").alias("timestamp"), *schema.names)
    payload = pl.struct(schema.names).alias("payload")
    forms: dict[str, dict[str, Any]] = {
        "decode.ndjson": {"ndjson": fields.select("timestamp", payload).write_ndjson().encode()},
        "decode.arrow": {"frame": frame.select(pl.col(TIME).alias("timestamp"), *schema.names)},
    }
    work = Work(
        batches=1,
        exprs=len(schema.fields),
        rows=rows,
        cells=rows * len(schema.fields),
        texts=rows * text_fields(schema),
        bytes=rows * json_bytes(schema),
    )
    for kind, form in forms.items():
        records = Records(source="s", arrival=START, **form)
        yield Trial(kind=kind, work=work, prepare=_source(schema, records))


def _source(schema: Schema, records: Records) -> Callable[[], Callable[[], object]]:
    node = SourceNode(
        id="i", block="i", node="n", schema=schema, adapter="http", event="E", payload=schema, context=Schema(())
    )

    def prepare() -> Callable[[], object]:
        source = Source(node, document="calibration", now=START, live=False)
        return lambda: source.take(records)

    return prepare


def _links(rows: int, schema: Schema) -> Iterator[Trial]:
    frame = batch(rows, KEYS, 0).select(TIME, ID, *schema.names)
    work = Work(batches=1, rows=rows, bytes=rows * arrow_bytes(schema))
    body = to_body(frame)
    message = Data(parts=(Part(stream="s", watermark=START, size=len(body)),))
    yield Trial(kind="link.encode", work=work, prepare=lambda: lambda: encode(message, to_body(frame)))
    yield Trial(kind="link.decode", work=work, prepare=lambda: lambda: from_body(body))


def _output(rows: int, schema: Schema) -> Trial:
    frame = batch(min(rows, 2_000), KEYS, 0).select(TIME, ID, *schema.names)
    work = Work(
        batches=1,
        rows=frame.height,
        cells=frame.height * len(schema.fields),
        bytes=frame.height * json_bytes(schema),
    )

    def publish() -> object:
        return to_ndjson(frame, document="calibration", block="b", kind="row")

    return Trial(kind="output", work=work, prepare=lambda: publish)


def _checkpoint(rows: int) -> Trial:
    states = {"node:w": State({}, {"panes": batch(rows, KEYS, 0)})}
    work = Work(batches=1, bytes=float(states["node:w"].frames["panes"].estimated_size()))
    return Trial(kind="checkpoint", work=work, prepare=lambda: lambda: msgspec.msgpack.encode(pack(states)))
