"""The nodes of a block as words of the language and their values, for people to compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

import msgspec

from slac.language.durations import format_duration
from slac.language.patterns import pattern_text
from slac.plan.calendars.text import calendar_text
from slac.plan.expression_text import to_text
from slac.plan.expressions import AnyExpr, NamedExpr
from slac.plan.guards import schedule_text
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LateNode,
    LatestJoinNode,
    OutputNode,
    PatternNode,
    SelectNode,
    SourceNode,
    StepsNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.plan.render.describe import interval_text, window_text
from slac.plan.shedding import contract_text
from slac.plan.timing import flapping_text, timing_texts
from slac.plan.user.running import called_in

_NOT_SAID = frozenset({"id", "block", "node", "inputs", "schema", "depth", "windowed", "contract", "whole_by"})
_HIDDEN = ("password", "secret", "token", "authorization", "headers", "key")


def words_of(nodes: Iterable[AnyNode]) -> dict[str, str]:
    """Word -> value of all nodes of a block; words that say nothing are left out, and what a block reads of itself."""
    group = list(nodes)
    own = {n.id for n in group}
    said = (pair for node in group for pair in _words(node).items())
    words = {word: value for word, value in said if value and not (word == "from" and value in own)}
    called = sorted({name for node in group for name in called_in(node)})
    return {**words, "functions": ", ".join(called)} if called else words


@singledispatch
def _words(node: AnyNode) -> Mapping[str, str]:
    """A node without words of its own shows its fields."""
    fields = msgspec.structs.asdict(node)
    return {name: _plain(value) for name, value in fields.items() if name not in _NOT_SAID}


@_words.register
def _(node: SourceNode) -> Mapping[str, str]:
    columns = {f"field {f.name}": f"{f.dtype}{'?' if f.nullable else ''}" for f in node.schema.fields}
    return {
        "adapter": node.adapter,
        **_settings(node.settings),
        "emits": node.event,
        "types": ", ".join(f"{t.type}: {t.when_sql}" if t.when_sql else t.type for t in node.types),
        **columns,
        "map": ", ".join(f"{field}: {path}" for field, path in node.mapping),
        "time": f"{node.time_mode} {node.time_unit}",
        "lateness": format_duration(node.lateness),
        "idle": format_duration(node.idle),
        "rate": _plain(node.rate) if node.rate is not None else "",
        "shed": contract_text(node.gate.contract),
        "key": ", ".join(node.table.key) if node.table is not None else "",
    }


@_words.register
def _(node: SelectNode) -> Mapping[str, str]:
    columns = _columns(node.columns or ())
    return {"from": node.inputs[0], "where": _sql(node.where), "during": calendar_text(node.during), "select": columns}


@_words.register
def _(node: LateNode) -> Mapping[str, str]:
    return {"late": f"side, of {window_text(node.window)}"}


@_words.register
def _(node: UnionNode) -> Mapping[str, str]:
    return {"from": ", ".join(node.inputs)}


@_words.register
def _(node: LatestJoinNode) -> Mapping[str, str]:
    columns = ", ".join(node.right_columns)
    kind = "table" if node.table else "latest"
    return {f"join {node.alias}": f"{kind} {node.inputs[1]} by {', '.join(node.by)}: {columns}"}


@_words.register
def _(node: IntervalJoinNode) -> Mapping[str, str]:
    columns = ", ".join(node.right_columns)
    how = f"{'outer ' if node.outer else ''}interval {node.inputs[1]} by {', '.join(node.by)}"
    return {f"join {node.alias}": f"{how} {interval_text(node)}, limit {node.limit}: {columns}"}


@_words.register
def _(node: StepsNode) -> Mapping[str, str]:
    steps = ", ".join(c.sql or c.function.upper() for c in node.steps)
    return {
        "from": node.inputs[0],
        "by": ", ".join(node.keys),
        "steps": steps,
        "retain": format_duration(node.retain),
    }


@_words.register
def _(node: WindowNode) -> Mapping[str, str]:
    return {
        "from": node.inputs[0],
        "by": ", ".join(node.keys),
        "window": window_text(node.window),
        "select": _columns(node.project),
        "then": _columns(node.then),
        "late": node.late,
        "retain": format_duration(node.retain),
    }


@_words.register
def _(node: PatternNode) -> Mapping[str, str]:
    return {
        "pattern": pattern_text(node.pattern),
        "by": ", ".join(node.keys),
        "within": "" if node.within is None else format_duration(node.within),
        "limit": "" if node.limit is None else str(node.limit),
        "select": _columns(node.columns),
        "retain": format_duration(node.retain),
    }


@_words.register
def _(node: TracesNode) -> Mapping[str, str]:
    spec = node.spec
    return {
        "from": node.inputs[0],
        "by": ", ".join(node.keys),
        "traces form": spec.form,
        **{f"traces {role}": column for role, column in spec.columns.items()},
        "traces timeout": format_duration(spec.timeout),
        "traces classes": "operation and host" if spec.by_host else "operation",
        "traces repair": "true" if spec.repair else "",
        "traces operations": "true" if spec.operations else "",
        "within": format_duration(spec.within),
        "limit": str(spec.limit),
        "retain": format_duration(node.retain),
    }


@_words.register
def _(node: AuditNode) -> Mapping[str, str]:
    states = {
        f"state {s.name}": ", ".join((f"when {s.when_sql or to_text(s.when)}", s.verdict, *timing_texts(s)))
        for s in node.states
    }
    reports = {
        f"report {body.name}": f"from {node.inputs[body.port]} by {', '.join(body.by)}: {_columns(body.project)}"
        for body in node.report
    }
    return {
        "from": node.inputs[0],
        "by": ", ".join(node.keys),
        "states": ", ".join(s.name for s in node.states),
        **states,
        "report_at": ", ".join(map(schedule_text, node.report_at)),
        "flapping": flapping_text(node.flapping),
        "during": calendar_text(node.during),
        "inhibit": "" if node.inhibit is None else node.inputs[node.inhibit.port],
        "initial": node.initial or "",
        "no_data": node.no_data,
        **reports,
        "retain": format_duration(node.retain),
    }


@_words.register
def _(node: ViolationNode) -> Mapping[str, str]:
    where = node.condition_sql or to_text(node.condition)
    return {"from": node.inputs[0], "where": where, **_alarm(node)}


@_words.register
def _(node: AbsenceNode) -> Mapping[str, str]:
    during = calendar_text(node.during)
    return {"absent": node.inputs[0], "for": format_duration(node.silence), "during": during, **_alarm(node)}


@_words.register
def _(node: OutputNode) -> Mapping[str, str]:
    return {"adapter": node.adapter, **_settings(node.settings), "from": ", ".join(node.blocks)}


def _alarm(node: ViolationNode | AbsenceNode) -> Mapping[str, str]:
    return {
        "by": ", ".join(node.keys),
        "severity": node.severity,
        "message": node.message or "",
        "labels": ", ".join(f"{k}: {v}" for k, v in node.labels.items()),
        "retain": format_duration(node.retain),
    }


def _columns(columns: Iterable[NamedExpr]) -> str:
    return ", ".join(f"{c.name}: {c.sql or to_text(c.expr)}" for c in columns)


def _sql(expr: AnyExpr | None) -> str:
    return "" if expr is None else to_text(expr)


def _settings(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings of an adapter; what may be a secret shows no more than that it is there."""
    return {k: "(hidden)" if any(h in k.lower() for h in _HIDDEN) else _plain(v) for k, v in settings.items()}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
