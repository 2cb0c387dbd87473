"""What goes on at the rim of a runtime: inputs, outputs, and the two ends of a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slac.plan.nodes import LinkInNode, LinkOutNode, OutputNode, SourceNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.held import takes
from slac.shedding.capacity.keys import NO_KEYS, declared_keys
from slac.shedding.capacity.outflow import COPIES, flow_behind, inputs_of, outflow
from slac.shedding.capacity.prices import Priced
from slac.shedding.capacity.sizes import arrow_bytes, json_bytes, text_fields
from slac.shedding.capacity.tables import table_load
from slac.stream.clock import SECOND
from slac.stream.types import List, Map, Struct, Timestamp

__all__ = ["link_in_load", "link_out_load", "output_load", "source_load", "source_rate"]

ASSUMED_RATE: Final = 100.0
"""Events a second of an input that declares none."""
MESSAGE: Final = 250.0
"""Bytes of a message on a link beside its rows: header, schema, acknowledgement."""
ARROW_ENDINGS: Final = (".arrow", ".arrows", ".ipc", ".feather")


def source_load(node: SourceNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """The records that an input takes in, decoded; of a table, what it holds."""
    if node.table is not None:
        return table_load(node)
    offered = source_rate(node, scene)
    rate = offered * scene.kept.get(node.block, 1.0)
    waves = min(offered, scene.waves.get(node.node, offered))
    wire = json_bytes(node.payload) + json_bytes(node.context)
    if node.id in scene.held:
        waves = min(waves, takes(rate, wire, scene.held[node.id]))
    fields = len(node.schema.fields)
    flow = outflow(
        node,
        rate=rate,
        batches=waves,
        waves=waves,
        keys=declared_keys(node.rate.keys, node.rate.skew) if node.rate else NO_KEYS,
        lateness=node.lateness,
        inputs=frozenset({node.block}),
    )
    flow = replace(flow, weighted=rate < offered and node.gate.contract.mode == "approximate")
    decode = Work(
        batches=waves,
        exprs=waves * fields,
        rows=rate,
        cells=rate * fields,
        texts=rate * text_fields(node.schema),
        bytes=rate * wire,
    )
    return NodeLoad(
        flow=flow,
        rows_in=offered,
        work=(
            (_decoder(node), decode),
            *_harder(node, waves, rate),
            *_watched(node, waves, rate),
            *_passed_by(node, waves, offered, rate),
        ),
        memory=rate / max(waves, 1e-9) * (wire + COPIES * flow.row_bytes),
        held=node.id in scene.held,
    )


def output_load(node: OutputNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Every row becomes a record."""
    rate = sum(f.rate for f in flows)
    cells = sum(f.rate * f.fields for f in flows)
    # Instants are written as text, each of which takes as long as some other cells.
    stamps = sum(f.rate * f.instants for f in flows)
    sent = sum(f.rate * f.json_bytes for f in flows)
    batches = sum(f.batches for f in flows)
    flow = outflow(node, rate=rate, batches=batches, waves=max(f.waves for f in flows), inputs=inputs_of(flows))
    return NodeLoad(
        flow=flow,
        rows_in=rate,
        work=(("output", Work(batches=min(batches, rate), rows=rate, cells=cells, slots=stamps, bytes=sent)),),
    )


def link_out_load(node: LinkOutNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Rows are sent, and kept until the other side has them."""
    (before,) = flows
    sent = before.rate * before.row_bytes
    # A watermark without rows is a message too, but a small one.
    work = _framed(min(before.batches, before.rate), before.rate, len(node.schema.fields), sent)
    held = before.rate * (before.lateness / SECOND + 2 / max(before.waves, 1e-9))
    return NodeLoad(
        flow=flow_behind(node, before, rate=before.rate, keys=before.keys),
        rows_in=before.rate,
        work=(("link.encode", work),),
        memory=held * before.row_bytes,
        bits=8 * (sent + MESSAGE * before.waves),
    )


def link_in_load(node: LinkInNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Rows of all runtimes on the other side."""
    if not flows:  # a part of a plan: what the other side sends is not known here
        rate = scene.facts.received.get(node.id, 0.0)
        waves = min(rate, scene.waves.get(node.node, rate))
        return NodeLoad(
            flow=outflow(node, rate=rate, batches=waves, waves=waves),
            rows_in=rate,
            work=(("link.decode", _framed(waves, rate, len(node.schema.fields), rate * arrow_bytes(node.schema))),),
        )
    (before,) = flows
    count = scene.instances.get(node.origin, 1)
    scene.note(f"{count} runtime{'s' if count > 1 else ''} of {node.origin}; every rate is that of one")
    rate, batches, waves = (count * n for n in (before.rate, before.batches, before.waves))
    received = rate * before.row_bytes
    flow = flow_behind(node, before, rate=rate, keys=before.keys, batches=batches, waves=waves)
    return NodeLoad(
        flow=flow,
        rows_in=rate,
        work=(("link.decode", _framed(min(batches, rate), rate, len(node.schema.fields), received)),),
        memory=rate / max(waves, 1e-9) * flow.row_bytes * COPIES,
        bits=8 * (received + MESSAGE * waves),
    )


def source_rate(node: SourceNode, scene: Scene) -> float:
    """Events a second that the scene has this input offer."""
    if scene.rates is not None:
        return scene.rates.get(node.block, 0.0)
    if node.rate is None:
        scene.note(f"{node.block}: {ASSUMED_RATE:g} events a second, since it declares no `rate`")
        return ASSUMED_RATE * scene.factor
    declared = node.rate.burst if scene.burst and node.rate.burst is not None else node.rate.normal
    return declared * scene.factor


def _framed(batches: float, rate: float, fields: int, size: float) -> Work:
    """Frames of a link: each of their columns has buffers of its own."""
    return Work(batches=batches, exprs=batches * fields, rows=rate, cells=rate * fields, bytes=size)


def _harder(node: SourceNode, waves: float, rate: float) -> Priced:
    """What of JSON takes more than a number or a text: maps, lists, and instants that are texts.

    Slac's own records count time, those of others (with a `map`) write it.
    """
    if _decoder(node) != "decode.ndjson":
        return ()
    kinds = [type(f.dtype) for f in node.schema.fields]
    nested = sum(issubclass(k, List | Struct) for k in kinds)
    instants = kinds.count(Timestamp) + (node.time_mode == "event") if node.mapping else 0
    counted = (("decode.map", kinds.count(Map)), ("decode.nested", nested), ("decode.instant", instants))
    return tuple((kind, Work(exprs=waves * n, cells=rate * n)) for kind, n in counted if n)


def _passed_by(node: SourceNode, waves: float, offered: float, rate: float) -> Priced:
    """A gate that drops chooses among all records before they are decoded."""
    if rate >= offered:
        return ()
    wire = json_bytes(node.payload) + json_bytes(node.context)
    return ((_decoder(node).replace("decode", "gate"), Work(batches=waves, rows=offered, bytes=offered * wire)),)


def _watched(node: SourceNode, waves: float, rate: float) -> Priced:
    """An input counts the keys that it declares: each set of columns is hashed in every batch."""
    sets = [[c.strip() for c in said.split(",")] for said in (node.rate.keys if node.rate else ())]
    known = [names for names in sets if set(names) <= set(node.schema.names)]
    if not known:
        return ()
    columns = sum(map(len, known))
    return (("decode.keys", Work(exprs=waves * len(known), cells=rate * columns)),)


def _decoder(node: SourceNode) -> str:
    paths = node.settings.get("path", ())
    by_ending = all(str(p).endswith(ARROW_ENDINGS) for p in ([paths] if isinstance(paths, str) else paths))
    arrow = node.settings.get("format", "arrow" if paths and by_ending else "ndjson") == "arrow"
    return "decode.arrow" if arrow else "decode.ndjson"
