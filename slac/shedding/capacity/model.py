"""What each kind of node does with what flows into it: rates out, work and memory, one function a kind.

The formulas are those of the static model that `docs/capacity.md` states with their sources; what a document does not
say is assumed in the direction that needs more, and noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Final

from slac.plan.nodes import (
    AbsenceNode,
    AuditNode,
    LateNode,
    Node,
    SelectNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.keys import NO_KEYS
from slac.shedding.capacity.outflow import COPIES, calls, count_keys, flow_behind, inputs_of, outflow
from slac.shedding.capacity.prices import (
    Priced,
    SelectShape,
    WindowShape,
    aggregate_work,
    expression_work,
    text_columns,
    weighted_work,
)
from slac.shedding.capacity.selectivity import selectivity
from slac.shedding.capacity.sizes import WORD, arrow_bytes
from slac.stream.clock import SECOND
from slac.stream.types import Schema

CHANGES: Final = 0.01
"""Share of evaluations at which an audit or a violation changes its state."""
LATE: Final = 0.01
"""Share of rows that come when their window is over."""
_COSTED: Final = {"merged": "final"}
"""Partial rows that are merged on their way cost what the last merge costs."""
ACCUMULATOR: Final = 2 * WORD
"""Bytes of one aggregate's partial state: sums are 128 bits wide, FIRST and LAST carry time and id besides."""


@singledispatch
def load_of(node: Node, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """The load of one node, given what comes in at its ports."""
    raise NotImplementedError(f"the capacity model does not know {type(node).__name__}")


@load_of.register
def _select(node: SelectNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    filters = node.where is not None or node.during is not None
    passing = before.rate * _passes(node, before, scene)
    texts, width = text_columns(node.schema), len(node.schema.fields)
    shape = scene.known(node.id, SelectShape.of, node)
    said = min(before.batches, passing)
    # Whatever passes, all columns that came are cut to it: some twenty microseconds each, for one row as for many. A
    # batch that passes whole is passed on as it is.
    # As measured, more may have passed than came: what came before had waited.
    apart = 1.0 - min(passing / before.rate, 1.0) ** (before.rate / before.batches) if filters and said else 0.0
    cut, moved = apart * said, apart * passing
    behind = (
        ("select.cut", Work(batches=cut, exprs=cut * before.fields)),
        ("select.made", Work(batches=said * shape.makes, exprs=said * width if node.columns else 0.0)),
    )
    work = Work(
        batches=before.batches,
        exprs=before.batches * shape.asks,
        rows=before.rate if filters else 0.0,
        cells=moved * (width - texts),
        texts=moved * texts,
    )
    return NodeLoad(
        flow=flow_behind(node, before, rate=passing, keys=before.keys.renamed(node.columns)),
        rows_in=before.rate,
        work=(
            ("select", work),
            *expression_work(shape.first, before.batches, before.rate),
            *expression_work(shape.where, before.batches, max(_looked_at(shape, before) * before.rate, passing)),
            *behind,
            *expression_work(shape.columns, said, passing),
        ),
    )


def _looked_at(shape: SelectShape, before: Flow) -> float:
    """The share of rows for which the dear part of a condition is worked out: those for which the cheap part holds."""
    told = None if shape.cheap is None else selectivity(shape.cheap, before.keys)
    return 1.0 if told is None else told


def _passes(node: SelectNode, before: Flow, scene: Scene) -> float:
    """The share of rows that pass: as it was seen, as it is declared, as the condition tells, or all of them."""
    if node.where is None:
        return scene.facts.passes.get(node.id, 1.0)
    said = scene.facts.passes.get(node.id, scene.passes.get(node.block))
    if said is not None:
        return said
    told = selectivity(node.where, before.keys)
    if told is None:
        scene.note(f"{node.block}: every row passes its `where` (a selectivity of 1 is the most that can be)")
        return 1.0
    scene.note(f"{node.block}: {told:.2g} of its rows pass its `where`, as its keys are declared")
    return told


@load_of.register
def _late(node: LateNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    scene.note(f"{node.block}: {LATE:.0%} of its rows come late")
    return NodeLoad(
        flow=flow_behind(node, before, rate=LATE * before.rate, keys=before.keys), rows_in=LATE * before.rate
    )


@load_of.register
def _union(node: UnionNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    rate = sum(f.rate for f in flows)
    flow = outflow(
        node,
        rate=rate,
        batches=calls(node, flows, scene),
        waves=max(f.waves for f in flows),
        keys=flows[0].keys if len(flows) == 1 else NO_KEYS,
        window=flows[0].window,
        lateness=max(f.lateness for f in flows),
        inputs=inputs_of(flows),
    )
    return NodeLoad(flow=flow, rows_in=rate, work=(("select", Work(batches=flow.batches, rows=rate)),))


@load_of.register
def _window(node: WindowNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    if not node.window.is_shared:
        return _window_of_key(node, before, scene)
    size, every = before.window or (SECOND, SECOND) if node.window.kind == "same" else _grid(node)
    known = count_keys(node, node.keys, before, scene)
    # Keys are filled for `retain` behind the last window that had rows of them: no more than rows came since it began.
    reach = size + node.retain if node.fill else size
    groups = min(known, before.keys.met(node.keys, before.rate * reach / SECOND))
    groups = scene.facts.groups.get(node.id, groups)
    emitted = groups * SECOND / every
    touched = min(groups, before.rate / max(before.batches, 1e-9)) * before.batches
    merged = emitted * (size / every if node.window.kind == "hopping" else 1.0)
    closings = min(before.waves, SECOND / every) if emitted else 0.0
    work = Work(
        batches=before.batches,
        exprs=closings,
        rows=before.rate,
        texts=before.rate * _text_keys(node),
        groups=touched + merged,
        slots=emitted,
    )
    aggregates = aggregate_work(
        node.aggregates, batches=before.batches + closings, rows=before.rate, groups=touched + merged
    )
    computed = _window_exprs(node, before, scene, closings, emitted)
    count = len(node.aggregates)
    weighted = weighted_work(before, count, before.batches + closings, touched + merged)
    # One accumulator a pane: panes of the window, the one being filled, and those that lateness keeps open.
    panes = size / every + 1 + before.lateness / every
    panes += node.retain / every if node.late == "restate" else 0
    accumulators = arrow_bytes(node.schema) / 2 + ACCUMULATOR * count
    flow = flow_behind(node, before, rate=emitted, keys=before.keys, window=(size, every), lateness=0)
    return NodeLoad(
        flow=flow,
        rows_in=before.rate,
        work=((f"window.{_COSTED.get(node.role, node.role)}", work), *aggregates, *computed, *weighted),
        memory=groups * (panes * accumulators + scene.bytes_per_key) + COPIES * groups * flow.row_bytes,
        holds=groups * panes,
    )


def _window_of_key(node: WindowNode, before: Flow, scene: Scene) -> NodeLoad:
    """Windows that depend on the rows of their key: a result a row, or one a session."""
    keys = min(count_keys(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
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
        batches=before.batches,
        exprs=before.batches * count,
        rows=before.rate,
        cells=before.rate * len(node.schema.fields),
        texts=before.rate * _text_keys(node),
        groups=min(keys, before.rate / max(before.batches, 1e-9)) * before.batches,
        slots=emitted,
    )
    aggregates = aggregate_work(node.aggregates, batches=before.batches, rows=before.rate, groups=before.rate)
    computed = _window_exprs(node, before, scene, before.batches, emitted)
    waiting = before.rate * (before.lateness / SECOND + 1 / max(before.waves, 1e-9)) * before.row_bytes
    if node.late == "restate":
        # Every row is kept, and what was said of it.
        waiting += before.rate * node.retain / SECOND * (before.row_bytes + arrow_bytes(node.schema))
    return NodeLoad(
        flow=flow_behind(node, before, rate=emitted, keys=before.keys, lateness=0),
        rows_in=before.rate,
        work=(
            (f"window.{node.window.kind}", work),
            *aggregates,
            *computed,
            *weighted_work(before, count, before.batches, before.rate),
        ),
        memory=held * (accumulator + scene.bytes_per_key) + waiting,
        holds=held,
        timers=held if node.window.kind == "session" else 0.0,
    )


@load_of.register
def _audit(node: AuditNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    before = flows[0]
    keys = min(count_keys(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    changes = CHANGES * before.rate
    stays = keys * SECOND / interval if (interval := _report_interval(node, scene)) else 0.0
    scene.note(f"{node.block}: {CHANGES:.0%} of its evaluations change a state")
    body_keys = [
        min(count_keys(node, (*node.keys, *b.by), flows[b.port], scene), flows[b.port].rate * node.retain / SECOND)
        for b in node.report
    ]
    listed = sum(b / max(keys, 1.0) for b in body_keys)
    bodies = sum(flows[b.port].rate * len(b.aggregates) for b in node.report)
    told = scene.facts.passes.get(node.id)
    emitted = changes + stays if told is None else told * sum(f.rate for f in flows)
    rows = sum(f.rate for f in flows)
    flow = flow_behind(node, before, rate=emitted, keys=before.keys)
    flow = _widened(flow, listed)
    called = calls(node, flows, scene)
    work = Work(
        batches=called,
        exprs=min(called, emitted),
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
        holds=keys + sum(body_keys),
        timers=keys if _report_interval(node, scene) or node.report_at else 0.0,
    )


@load_of.register
def _violation(node: ViolationNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    scene.note(f"{node.block}: {CHANGES:.0%} of its rows raise or resolve it")
    keys = min(count_keys(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    emitted = scene.facts.passes.get(node.id, CHANGES) * before.rate
    touched = min(keys, before.rate / max(before.batches, 1e-9)) * before.batches if node.keys else 0.0
    said = min(before.batches, emitted)
    work = Work(batches=before.batches, exprs=said, rows=before.rate, groups=emitted, slots=touched)
    flow = flow_behind(node, before, rate=emitted, keys=before.keys)
    return NodeLoad(
        flow=flow,
        rows_in=before.rate,
        work=(("violation", work),),
        memory=keys * (scene.bytes_per_key + 4 * WORD),
        holds=keys,
    )


@load_of.register
def _absence(node: AbsenceNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    (before,) = flows
    keys = min(count_keys(node, node.keys, before, scene), max(before.rate * node.retain / SECOND, 1.0))
    # Whole and final: at most one alarm and its end in each silence; partial: what the final needs is no more often.
    emitted = min(before.rate, 2 * keys * SECOND / max(node.silence, 1))
    work = Work(batches=before.batches, rows=before.rate, groups=min(keys * before.batches, before.rate))
    flow = flow_behind(node, before, rate=emitted if node.role == "partial" else CHANGES * emitted, keys=before.keys)
    return NodeLoad(
        flow=flow,
        rows_in=before.rate,
        work=(("absence.partial" if node.role == "partial" else "absence", work),),
        memory=keys * (scene.bytes_per_key + 2 * WORD),
        holds=keys,
        timers=keys,
    )


def _window_exprs(node: WindowNode, before: Flow, scene: Scene, says: float, emitted: float) -> Priced:
    """What is worked out for each row in (of a partial or whole window), and for each row out of a last one."""
    shape = scene.known(node.id, WindowShape.of, node)
    return (
        *expression_work(shape.rows, before.batches, before.rate),
        *expression_work(shape.said, says, emitted),
    )


def _text_keys(node: WindowNode) -> int:
    keys = set(node.keys)
    return text_columns(Schema(tuple(f for f in node.schema.fields if f.name in keys)))


def _grid(node: WindowNode) -> tuple[int, int]:
    return node.window.size, node.window.every or node.window.size


def _report_interval(node: AuditNode, scene: Scene) -> int | None:
    """How often a key that stays is reported (µs): in normal times as in a good state, else as in the worst."""
    every = [s.report_every for s in node.states if s.report_every]
    good = [s.report_every for s in node.states if s.report_every and s.verdict == "ok"]
    if not every:
        return None
    return min(every) if scene.burst or not good else min(good)


def _widened(flow: Flow, listed: float) -> Flow:
    """Rows that carry lists: the schema counts one item each, the model `listed` of them."""
    factor = max(listed, 1.0)
    return replace(flow, row_bytes=flow.row_bytes * factor, json_bytes=flow.json_bytes * factor)
