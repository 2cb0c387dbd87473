"""What a node does, in a few words."""

from __future__ import annotations

from functools import singledispatch

from slac.language.durations import format_duration
from slac.language.patterns import pattern_text
from slac.plan.columnar_patterns import pattern_way
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LateNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    OutputNode,
    PatternNode,
    SelectNode,
    SourceNode,
    StepsNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
    WindowSpec,
)


@singledispatch
def describe(node: AnyNode) -> str:
    """One line without the node's name, for example `window tumbling 10m by module`."""
    raise NotImplementedError(type(node).__name__)


@describe.register
def _(node: SourceNode) -> str:
    if node.table is not None:
        return f"table by {', '.join(node.table.key)}"
    return f"input {node.adapter}, emits {node.event}"


@describe.register
def _(node: SelectNode) -> str:
    words = [w for w, is_so in (("filter", node.where is not None), ("select", node.columns is not None)) if is_so]
    during = f" during {node.during.name}" if node.during is not None else ""
    sight = f", sees {', '.join(node.sees)} in clear" if node.sees else ""
    return f"{' and '.join(words) or 'all rows'}{during}, from {node.inputs[0]}{sight}"


@describe.register
def _(node: LateNode) -> str:
    return f"late rows of window {window_text(node.window)}, from {node.inputs[0]}"


@describe.register
def _(node: UnionNode) -> str:
    return f"union of {', '.join(node.inputs)}"


@describe.register
def _(node: StepsNode) -> str:
    calls = ", ".join(c.sql or c.function.upper() for c in node.steps)
    return f"{calls} from sample to sample{_by(node.keys)}, of {node.inputs[0]}"


@describe.register
def _(node: LatestJoinNode) -> str:
    when = " before each row" if node.strict else ""
    if node.table:
        return f"look up {node.inputs[1]} as {node.alias} by {', '.join(node.by)}, for {node.inputs[0]}"
    return f"join latest {node.inputs[1]} as {node.alias} by {', '.join(node.by)}{when}, to {node.inputs[0]}"


@describe.register
def _(node: IntervalJoinNode) -> str:
    how = "outer join" if node.outer else "join"
    pair = f"{node.inputs[1]} as {node.alias} by {', '.join(node.by)}"
    return f"{how} {pair} {interval_text(node)} limit {node.limit}, to {node.inputs[0]}"


def interval_text(node: IntervalJoinNode) -> str:
    """`within 5m`, or `before 1m after 5m`."""
    if node.before == node.after and node.before is not None:
        return f"within {format_duration(node.before)}"
    bounds = (("before", node.before), ("after", node.after))
    return " ".join(f"{word} {format_duration(bound)}" for word, bound in bounds if bound is not None)


@describe.register
def _(node: WindowNode) -> str:
    role = "" if node.role == "whole" else f"{node.role} of "
    return f"{role}window {window_text(node.window)}{_by(node.keys)}, from {node.inputs[0]}"


@describe.register
def _(node: PatternNode) -> str:
    within = "" if node.within is None else f" within {format_duration(node.within)}"
    limit = "" if node.limit is None else f" limit {node.limit}"
    return f"pattern {pattern_text(node.pattern)}{within}{limit}{_by(node.keys)}, {pattern_way(node)}"


@describe.register
def _(node: TracesNode) -> str:
    spec = node.spec
    bounds = f"timeout {format_duration(spec.timeout)} within {format_duration(spec.within)}"
    return f"traces of {spec.form}{_by(node.keys)}, {bounds}, from {node.inputs[0]}"


@describe.register
def _(node: AuditNode) -> str:
    during = f" during {node.during.name}" if node.during is not None else ""
    return f"audit{_by(node.keys)}{during}, from {', '.join(node.inputs)}"


@describe.register
def _(node: ViolationNode) -> str:
    return f"violation ({node.severity}){_by(node.keys)}, from {node.inputs[0]}"


@describe.register
def _(node: AbsenceNode) -> str:
    role = "" if node.role == "whole" else f"{node.role} of "
    during = f" during {node.during.name}" if node.during is not None else ""
    lasting = f"{format_duration(node.silence)}{during} ({node.severity})"
    return f"{role}absence for {lasting}{_by(node.keys)}, from {node.inputs[0]}"


@describe.register
def _(node: OutputNode) -> str:
    return f"output {node.adapter}, from {', '.join(node.inputs)}"


@describe.register
def _(node: LinkOutNode) -> str:
    return f"link to {node.to}, from {node.inputs[0]}"


@describe.register
def _(node: LinkInNode) -> str:
    return f"link from {node.origin}, hold {format_duration(node.hold)}"


def window_text(window: WindowSpec) -> str:
    """A window as a document writes it."""
    match window.kind:
        case "same" | "running":
            return window.kind
        case "calendar":
            return f"calendar {window.unit} in {window.zone}"
        case "hopping":
            return f"hopping {format_duration(window.size)} every {format_duration(window.every)}"
        case _:
            return f"{window.kind} {format_duration(window.size)}"


def split_text(node: AnyNode) -> str:
    """What a link carries of the node that it reads."""
    match node:
        case WindowNode(role="partial" | "merged"):
            calls = ", ".join(c.function.upper() for c in node.aggregates) or "keys"
            return f"split: partial {calls}{_by(node.keys)}, finished by {node.block}"
        case AbsenceNode(role="partial"):
            return f"split: the latest row{_by(node.keys)}, finished by {node.block}"
        case _:
            return f"whole rows: {node.schema}"


def _by(keys: tuple[str, ...]) -> str:
    return f" by {', '.join(keys)}" if keys else ""
