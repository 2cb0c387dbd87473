"""What each kind of node does with what flows into it: rates out, work, memory and network, one function a kind.

The formulas are those of the static model that `docs/capacity.md` states with their sources; what a document does not
say is assumed in the direction that needs more, and noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Final

from slac.plan.expressions import Column
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    LateNode,
    LinkInNode,
    LinkOutNode,
    Node,
    OutputNode,
    SelectNode,
    SourceNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.keys import ASSUMED_KEYS, NO_KEYS, Keys, declared_keys
from slac.shedding.capacity.sizes import WORD, arrow_bytes, json_bytes, text_fields
from slac.shedding.capacity.tables import table_load
from slac.stream.clock import SECOND

ASSUMED_RATE: Final = 100.0
"""Events a second of an input that declares none."""
CHANGES: Final = 0.01
"""Share of evaluations at which an audit or a violation changes its state."""
LATE: Final = 0.01
"""Share of rows that come when their window is over."""
COPIES: Final = 3.0
"""A batch under way exists as bytes, as decoded columns, and as what an operator makes of it."""
MESSAGE: Final = 250.0
"""Bytes of a message on a link beside its rows: header, schema, acknowledgement."""
ARROW_ENDINGS: Final = (".arrow", ".arrows", ".ipc", ".feather")
ACCUMULATOR: Final = 2 * WORD
"""Bytes of one aggregate's partial state: sums are 128 bits wide, FIRST and LAST carry time and id besides."""


@singledispatch
def load_of(node: Node, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """The load of one node, given what comes in at its ports."""
    raise NotImplementedError(f"the capacity model does not know {type(node).__name__}")


@load_of.register
def _source(node: SourceNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    if node.table is not None:
        return table_load(node)
    rate = source_rate(node, scene)
    waves = min(rate, scene.waves.get(node.node, rate))
    wire = json_bytes(node.schema)
    fields = len(node.schema.fields)
    flow = _flow(
        node,
        rate=rate,
        batches=waves,
        waves=waves,
        keys=declared_keys(node.rate.keys) if node.rate else NO_KEYS,
        lateness=node.lateness,
        inputs=frozenset({node.block}),
    )
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
        rows_in=rate,
        work=(("gate", Work(batches=waves, rows=rate)), (_decoder(node), decode)),
        memory=rate / max(waves, 1e-9) * (wire + COPIES * flow.row_bytes),
    )


@load_of.register
def _select(node: SelectNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    if node.where is not None:
        scene.note(f"{node.block}: every row passes its `where` (a selectivity of 1 is the most that can be)")
    computed = sum(not isinstance(c.expr, Column) for c in node.columns or ()) + (node.where is not None)
    work = Work(batches=before.batches, exprs=before.batches * computed, rows=before.rate, cells=before.rate * computed)
    return NodeLoad(
        flow=_behind(node, before, rate=before.rate, keys=before.keys.renamed(node.columns)),
        rows_in=before.rate,
        work=(("select", work),),
    )


@load_of.register
def _late(node: LateNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    scene.note(f"{node.block}: {LATE:.0%} of its rows come late")
    return NodeLoad(flow=_behind(node, before, rate=LATE * before.rate, keys=before.keys), rows_in=LATE * before.rate)


@load_of.register
def _union(node: UnionNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    rate = sum(f.rate for f in flows)
    flow = _flow(
        node,
        rate=rate,
        batches=sum(f.batches for f in flows),
        waves=max(f.waves for f in flows),
        keys=flows[0].keys if len(flows) == 1 else NO_KEYS,
        window=flows[0].window,
        lateness=max(f.lateness for f in flows),
        inputs=_inputs(flows),
    )
    return NodeLoad(flow=flow, rows_in=rate, work=(("select", Work(batches=flow.batches, rows=rate)),))


@load_of.register
def _window(node: WindowNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    if not node.window.is_shared:
        return _window_of_key(node, before, scene)
    size, every = before.window or (SECOND, SECOND) if node.window.kind == "same" else _grid(node)
    known = _count(node, node.keys, before, scene)
    groups = known if node.fill else min(known, before.rate * size / SECOND)
    emitted = groups * SECOND / every
    touched = min(groups, before.rate / max(before.batches, 1e-9)) * before.batches
    merged = emitted * (size / every if node.window.kind == "hopping" else 1.0)
    batches, count = before.batches + min(before.waves, SECOND / every), len(node.aggregates)
    work = Work(
        batches=batches,
        exprs=batches * count,
        rows=before.rate,
        cells=before.rate * count,
        groups=touched + merged,
        slots=(touched + merged) * count,
    )
    # One accumulator a pane: panes of the window, the one being filled, and those that lateness keeps open.
    panes = size / every + 1 + before.lateness / every
    panes += node.retain / every if node.late == "restate" else 0
    accumulators = arrow_bytes(node.schema) / 2 + ACCUMULATOR * count
    flow = _behind(node, before, rate=emitted, keys=before.keys, window=(size, every), lateness=0)
    return NodeLoad(
        flow=flow,
        rows_in=before.rate,
        work=((f"window.{node.role}", work),),
        memory=groups * (panes * accumulators + scene.bytes_per_key) + COPIES * groups * flow.row_bytes,
    )


def _window_of_key(node: WindowNode, before: Flow, scene: Scene) -> NodeLoad:
    """Windows that depend on the rows of their key: a result a row, or one a session."""
    keys = min(_count(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    count = len(node.aggregates)
    accumulator = arrow_bytes(node.schema) / 2 + ACCUMULATOR * count
    match node.window.kind:
        case "session":
            # A session is taken to last as long as the gap that ends it.
            emitted = min(before.rate, keys * SECOND / (2 * node.window.size))
            held = min(keys, before.rate * 2 * node.window.size / SECOND)
        case "sliding":
            emitted, held = before.rate, before.rate * node.window.size / SECOND + keys
        case _:
            emitted, held = before.rate, keys
    work = Work(
        batches=before.batches + before.waves,
        exprs=before.batches * count,
        rows=before.rate,
        cells=before.rate * count,
        groups=before.rate + emitted,
        slots=(before.rate + emitted) * count,
    )
    waiting = before.rate * (before.lateness / SECOND + 1 / max(before.waves, 1e-9)) * before.row_bytes
    if node.late == "restate":
        # Every row is kept, and what was said of it.
        waiting += before.rate * node.retain / SECOND * (before.row_bytes + arrow_bytes(node.schema))
    return NodeLoad(
        flow=_behind(node, before, rate=emitted, keys=before.keys, lateness=0),
        rows_in=before.rate,
        work=(("window.whole", work),),
        memory=held * (accumulator + scene.bytes_per_key) + waiting,
    )


@load_of.register
def _audit(node: AuditNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    before = flows[0]
    keys = min(_count(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    changes = CHANGES * before.rate
    stays = keys * SECOND / interval if (interval := _report_interval(node, scene)) else 0.0
    scene.note(f"{node.block}: {CHANGES:.0%} of its evaluations change a state")
    body_keys = [_count(node, (*node.keys, *b.by), flows[b.port], scene) for b in node.report]
    listed = sum(b / max(keys, 1.0) for b in body_keys)
    bodies = sum(flows[b.port].rate * len(b.aggregates) for b in node.report)
    emitted = changes + stays
    rows = sum(f.rate for f in flows)
    flow = _behind(node, before, rate=emitted, keys=before.keys)
    flow = _widened(flow, listed)
    work = Work(
        batches=sum(f.batches for f in flows),
        rows=before.rate,
        cells=bodies,
        groups=emitted * (1 + listed),
    )
    body_bytes = sum(
        n * (scene.bytes_per_key + ACCUMULATOR * len(b.aggregates) + flows[b.port].row_bytes)
        for n, b in zip(body_keys, node.report, strict=True)
    )
    return NodeLoad(
        flow=flow,
        rows_in=rows,
        work=(("audit", work),),
        memory=keys * (scene.bytes_per_key + before.row_bytes) + body_bytes,
    )


@load_of.register
def _violation(node: ViolationNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    scene.note(f"{node.block}: {CHANGES:.0%} of its rows raise or resolve it")
    keys = min(_count(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    work = Work(batches=before.batches, rows=before.rate, groups=CHANGES * before.rate)
    flow = _behind(node, before, rate=CHANGES * before.rate, keys=before.keys)
    return NodeLoad(
        flow=flow, rows_in=before.rate, work=(("violation", work),), memory=keys * (scene.bytes_per_key + 4 * WORD)
    )


@load_of.register
def _absence(node: AbsenceNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    keys = min(_count(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    # Whole and final: at most one alarm and its end in each silence; partial: what the final needs is no more often.
    emitted = min(before.rate, 2 * keys * SECOND / max(node.silence, 1))
    work = Work(batches=before.batches, rows=before.rate, groups=min(keys * before.batches, before.rate))
    flow = _behind(node, before, rate=emitted if node.role == "partial" else CHANGES * emitted, keys=before.keys)
    return NodeLoad(
        flow=flow, rows_in=before.rate, work=(("absence", work),), memory=keys * (scene.bytes_per_key + 2 * WORD)
    )


@load_of.register
def _output(node: OutputNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    rate = sum(f.rate for f in flows)
    cells = sum(f.rate * f.fields for f in flows)
    sent = sum(f.rate * f.json_bytes for f in flows)
    batches = sum(f.batches for f in flows)
    flow = _flow(node, rate=rate, batches=batches, waves=max(f.waves for f in flows), inputs=_inputs(flows))
    return NodeLoad(
        flow=flow,
        rows_in=rate,
        work=(("output", Work(batches=min(batches, rate), rows=rate, cells=cells, bytes=sent)),),
    )


@load_of.register
def _link_out(node: LinkOutNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    sent = before.rate * before.row_bytes
    # A watermark without rows is a message too, but a small one.
    work = Work(batches=min(before.batches, before.rate), rows=before.rate, bytes=sent)
    held = before.rate * (before.lateness / SECOND + 2 / max(before.waves, 1e-9))
    return NodeLoad(
        flow=_behind(node, before, rate=before.rate, keys=before.keys),
        rows_in=before.rate,
        work=(("link.encode", work),),
        memory=held * before.row_bytes,
        bits=8 * (sent + MESSAGE * before.waves),
    )


@load_of.register
def _link_in(node: LinkInNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    if not flows:  # a part of a plan: what the other side sends is not known here
        return NodeLoad(flow=_flow(node, rate=0.0, batches=0.0, waves=0.0), rows_in=0.0)
    (before,) = flows
    count = scene.instances.get(node.origin, 1)
    scene.note(f"{count} runtime{'s' if count > 1 else ''} of {node.origin}; every rate is that of one")
    rate, batches, waves = (count * n for n in (before.rate, before.batches, before.waves))
    received = rate * before.row_bytes
    flow = _behind(node, before, rate=rate, keys=before.keys, batches=batches, waves=waves)
    return NodeLoad(
        flow=flow,
        rows_in=rate,
        work=(("link.decode", Work(batches=min(batches, rate), rows=rate, bytes=received)),),
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


def _decoder(node: SourceNode) -> str:
    paths = node.settings.get("path", ())
    by_ending = all(str(p).endswith(ARROW_ENDINGS) for p in ([paths] if isinstance(paths, str) else paths))
    arrow = node.settings.get("format", "arrow" if paths and by_ending else "ndjson") == "arrow"
    return "decode.arrow" if arrow else "decode.ndjson"


def _grid(node: WindowNode) -> tuple[int, int]:
    return node.window.size, node.window.every or node.window.size


def _report_interval(node: AuditNode, scene: Scene) -> int | None:
    """How often a key that stays is reported (µs): in normal times as in a good state, else as in the worst."""
    every = [s.report_every for s in node.states if s.report_every]
    good = [s.report_every for s in node.states if s.report_every and s.verdict == "ok"]
    if not every:
        return None
    return min(every) if scene.burst or not good else min(good)


def _count(node: AnyNode, columns: Sequence[str], flow: Flow, scene: Scene) -> float:
    count, declared = flow.keys.count(columns)
    if not declared:
        names = ", ".join(columns)
        scene.note(f"{node.block}: {ASSUMED_KEYS} distinct values of ({names}), since no `rate: keys:` names them")
    return float(count)


def _inputs(flows: Sequence[Flow]) -> frozenset[str]:
    return frozenset().union(*(f.inputs for f in flows))


def _flow(
    node: AnyNode,
    *,
    rate: float,
    batches: float,
    waves: float,
    keys: Keys = NO_KEYS,
    window: tuple[int, int] | None = None,
    lateness: int = 0,
    inputs: frozenset[str] = frozenset(),
) -> Flow:
    return Flow(
        rate=rate,
        batches=batches,
        waves=waves,
        row_bytes=arrow_bytes(node.schema, windowed=node.windowed),
        json_bytes=json_bytes(node.schema),
        fields=len(node.schema.fields),
        keys=keys,
        window=window,
        lateness=lateness,
        inputs=inputs,
    )


def _behind(
    node: AnyNode,
    before: Flow,
    *,
    rate: float,
    keys: Keys,
    window: tuple[int, int] | None = None,
    lateness: int | None = None,
    batches: float | None = None,
    waves: float | None = None,
) -> Flow:
    """The flow out of a node with one main input; a batch goes out at most with every row, and with every wave."""
    spread = before.batches if batches is None else batches
    if window is not None:
        spread = min(before.waves, SECOND / window[1])
    return _flow(
        node,
        rate=rate,
        batches=min(spread, rate),
        waves=before.waves if waves is None else waves,
        keys=keys,
        window=window or before.window,
        lateness=before.lateness if lateness is None else lateness,
        inputs=before.inputs,
    )


def _widened(flow: Flow, listed: float) -> Flow:
    """Rows that carry lists: the schema counts one item each, the model `listed` of them."""
    factor = max(listed, 1.0)
    return replace(flow, row_bytes=flow.row_bytes * factor, json_bytes=flow.json_bytes * factor)
