"""An audit becomes a node with its states and the bodies of its reports."""

from __future__ import annotations

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import aggregated, condition, scope_of
from slac.compiler.blocks.hours import in_hours
from slac.compiler.sql import Scope
from slac.language.audit_decls import ScheduleDecl
from slac.language.document import AuditDecl, ReportBodyDecl, StateDecl
from slac.plan.expressions import AnyExpr, Literal
from slac.plan.guards import After, Backoff, Flapping, Inhibit, Schedule, Settle
from slac.plan.nodes import AnyNode, AuditNode, ReportBody, StateSpec
from slac.plan.reports import report_schema
from slac.plan.signatures import widened
from slac.stream.types import Bool, Field, Schema


def lower_audit(block: AuditDecl, lowering: Lowering) -> None:
    """One `AuditNode`; its schema is that of its reports."""
    upstream = lowering.stream(block, block.from_)
    sources = [lowering.stream(block, b.from_) for b in block.report]
    silencer = lowering.stream(block, block.inhibit) if block.inhibit is not None else None
    if upstream is None or (silencer is None and block.inhibit is not None):
        return
    keys = lowering.keys(block.by, upstream.schema, block.from_.name)
    states = _states(block, lowering, scope_of(upstream, block.from_.name, lowering.event(block.from_)))
    during = lowering.calendar(block.during)
    inputs = [upstream if during is None else lowering.add(in_hours(block.name, upstream, during))]
    bodies: list[tuple[ReportBody, Schema]] = []
    for body, source in zip(block.report, sources, strict=True):
        if source is not None:
            bodies += _body(lowering, block, body, source, keys, port=len(inputs))
            inputs.append(source)
    if len(bodies) < len(block.report):
        return
    flaps, inhibit = block.flapping, None
    if silencer is not None:
        inhibit = _inhibit(block, lowering, silencer, keys, port=len(inputs))
        inputs.append(silencer)
    lowering.add(
        AuditNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=tuple(i.id for i in inputs),
            schema=report_schema(
                keys,
                tuple((b.name, s) for b, s in bodies),
                flapping=flaps is not None,
                inhibited=inhibit is not None,
            ),
            depth=lowering.depth(block, *inputs),
            keys=tuple(k.name for k in keys),
            states=states,
            initial=block.initial.name if block.initial else None,
            no_data=block.no_data,
            report=tuple(b for b, _ in bodies),
            report_at=_schedules(block.report_at),
            flapping=Flapping(changes=flaps.changes, within=flaps.within_us) if flaps else None,
            inhibit=inhibit,
            during=during,
            retain=block.retain_us,
        )
    )


def _inhibit(
    block: AuditDecl, lowering: Lowering, silencer: AnyNode, keys: tuple[Field, ...], *, port: int
) -> Inhibit | None:
    """The other audit's key, all of which must be part of this one's."""
    assert isinstance(silencer, AuditNode)
    assert block.inhibit is not None
    types = {k.name: widened(k.dtype) for k in keys}
    for name in silencer.keys:
        if name not in types:
            lowering.say(
                "names/unknown-column",
                f'"{silencer.id}" is kept by "{name}", and "{block.name}" is not',
                block.inhibit,
                details="an audit is silenced by one that is kept by the same columns, by some of them, or by none",
            )
        elif types[name] != widened(silencer.schema[name].dtype):
            theirs, ours = silencer.schema[name].dtype, types[name]
            text = f'"{name}" is {theirs} in "{silencer.id}" and {ours} in "{block.name}"'
            lowering.say("types/join", text, block.inhibit)
    return Inhibit(port=port, keys=silencer.keys)


def _states(block: AuditDecl, lowering: Lowering, scope: Scope) -> tuple[StateSpec, ...]:
    typed = [(s, condition(lowering, s.when, scope)) for s in block.states]
    return tuple(_state(s, when) for s, when in typed if when is not None or s.when is None)


def _state(state: StateDecl, when: AnyExpr | None) -> StateSpec:
    lasting, after, backoff = state.lasting, state.after, state.backoff
    return StateSpec(
        name=state.name,
        when=when if when is not None else Literal(value=None, dtype=Bool()),
        when_sql=state.when.text if state.when is not None else "",
        verdict=state.verdict,
        report_every=state.report_every_us,
        backoff=Backoff(factor=backoff.factor, max=backoff.max_us) if backoff else None,
        report_at=_schedules(state.report_at),
        settle=Settle(rows=lasting.rows, time=lasting.time_us) if lasting else None,
        after=After(time=after.time_us, to=after.to) if after else None,
        follows=tuple(f.name for f in state.follows),
    )


def _schedules(declared: tuple[ScheduleDecl, ...]) -> tuple[Schedule, ...]:
    return tuple(Schedule(cron=s.cron, zone=s.zone) for s in declared)


def _body(
    lowering: Lowering,
    block: AuditDecl,
    body: ReportBodyDecl,
    source: AnyNode,
    audit_keys: tuple[Field, ...],
    *,
    port: int,
) -> list[tuple[ReportBody, Schema]]:
    """The body with the schema of its rows, or nothing where it is wrong."""
    before = len(lowering.found)
    for key in audit_keys:
        _check_key(lowering, block, body, source, key)
    if body.select is None:
        lowering.say(
            "language/not-built",
            f'the report body "{body.name}" has no `select`; passing rows on as they are is not built yet',
            body,
            details="say what to compute over the rows of the period, for example `select: [{n: COUNT(*)}]`",
        )
    keys = lowering.keys(body.by, source.schema, body.from_.name)
    chosen = aggregated(lowering, body.select or (), scope_of(source, body.from_.name), (*audit_keys, *keys))
    if len(lowering.found) > before:
        return []
    spec = ReportBody(
        name=body.name,
        port=port,
        by=tuple(k.name for k in keys),
        aggregates=chosen.calls,
        project=chosen.project,
    )
    return [(spec, Schema((*keys, *chosen.fields)))]


def _check_key(lowering: Lowering, block: AuditDecl, body: ReportBodyDecl, source: AnyNode, key: Field) -> None:
    stream = body.from_.name
    if key.name not in source.schema:
        lowering.say(
            "names/unknown-column",
            f'"{stream}" has no column "{key.name}", by which the audit "{block.name}" is kept',
            body.from_,
            details=f"a report carries the rows of its key; columns of {stream!r}: {', '.join(source.schema.names)}",
        )
    elif widened(source.schema[key.name].dtype) != widened(key.dtype):
        lowering.say(
            "types/join",
            f'"{key.name}" is {source.schema[key.name].dtype} in "{stream}" and {key.dtype} in "{block.from_.name}"',
            body.from_,
        )
