"""Why an audit was not in a state: which condition failed, by how much, and what was missing, late or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from slac.diagnostics import UsageError
from slac.diagnostics.suggest import listed, suggest
from slac.evidence.lineage import LogRows, Sight, closure
from slac.evidence.log.frames import LATE
from slac.evidence.log.reader import LogDirectory
from slac.evidence.why.answer import remarks
from slac.evidence.why.build import explain
from slac.evidence.why.conditions import failing
from slac.evidence.why.find import exit_of, matching
from slac.evidence.why.values import instant, shown
from slac.plan.graph import Plan
from slac.plan.guards import settle_text
from slac.plan.nodes import AuditNode, StateSpec
from slac.stream.batch import ARRIVAL_WATERMARK, ID, REVISION, TIME


class KeyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Of one key: the state that it was in, and lines that say why it was in no other."""

    key: dict[str, object]
    state: str | None
    lines: list[str]


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for all keys that were asked for."""

    audit: str
    state: str
    at: str
    keys: list[KeyAnswer]
    remarks: list[str] = []
    damage: list[str] = []

    @property
    def word(self) -> str:
        """Whether it was in this state, after all."""
        return "was" if all(answer.state == self.state for answer in self.keys) else "was not"

    def text(self) -> str:
        """As lines; ends with a line break."""
        lines = [f"{self.audit} {self.word} {self.state} at {self.at}:"]
        for answer in self.keys:
            name = ", ".join(f"{k} = {shown(v)}" for k, v in answer.key.items()) or "it"
            lines.append(f"  {name} was {answer.state or 'not known yet'}")
            lines += [f"    {line}" for line in answer.lines]
        lines += [f"note: {remark}" for remark in self.remarks]
        lines += [f"missing: {damage}" for damage in self.damage]
        return "".join(line + "\n" for line in lines)


def not_in_state(
    logs: Sequence[LogDirectory], plan: Plan, name: str, state: str, at: int | None, keys: Mapping[str, str]
) -> WhyNot:
    """Why the audit `name` was not in `state` at `at` (µs; None: the end of the log), key by key."""
    node, spec = _audit(plan, name), None
    spec = next((s for s in node.states if s.name == state), None)
    if spec is None:
        known = [s.name for s in node.states]
        hint = suggest(state, known)
        raise UsageError(f'"{name}" has no state "{state}"; it has: {listed(known)}' + (f"; {hint}" if hint else ""))
    sight = Sight(plan, LogRows(logs))
    rows = sight.rows(node.inputs[0], low=None if at is None else at - node.retain, high=at)
    rows = matching(rows, keys) if rows.height else rows
    reports = sight.rows(node.id, high=at)
    told = [_of_key(node, spec, key, mine, reports, sight) for key, mine in _by_key(rows, node.keys)]
    when = int(rows[TIME].cast(pl.Int64).max() or 0) if at is None and rows.height else at or 0  # type: ignore[arg-type]
    if not rows.height:
        told = [KeyAnswer(key=dict(keys), state=None, lines=[_silence(node, keys, sight, at)])]
    last = rows.sort(TIME, ID).unique(list(node.keys) or [TIME], keep="last") if rows.height else rows
    made = closure(sight, {node.inputs[0]: last}) if last.height else None
    return WhyNot(
        audit=name,
        state=state,
        at=instant(pl.Series([when]).cast(pl.Datetime("us", "UTC")).item()),
        keys=told,
        remarks=[] if made is None else list(dict.fromkeys(remarks(logs, plan, made))),
        damage=[str(d) for log in logs for d in log.damage],
    )


def _audit(plan: Plan, name: str) -> AuditNode:
    audits = {n.block: n for n in plan.nodes if isinstance(n, AuditNode)}
    if name not in audits:
        hint = suggest(name, sorted(audits))
        known = listed(sorted(audits)) if audits else "none"
        what = f'is no audit: "{name}" is a block' if exit_of(plan, name) else "is no block"
        raise UsageError(f'"{name}" {what}; audits are: {known}' + (f"; {hint}" if hint else ""))
    return audits[name]


def _by_key(rows: pl.DataFrame, keys: Sequence[str]) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    if not rows.height:
        return
    there = rows.filter(pl.col(REVISION).fill_null(0) >= 0).unique([*keys, ID], keep="last", maintain_order=True)
    if not keys:
        yield {}, there.sort(TIME, ID)
        return
    for values, mine in there.sort(*keys, TIME, ID).partition_by(keys, as_dict=True, maintain_order=True).items():
        yield dict(zip(keys, values, strict=True)), mine


def _of_key(
    node: AuditNode, spec: StateSpec, key: dict[str, Any], rows: pl.DataFrame, reports: pl.DataFrame, sight: Sight
) -> KeyAnswer:
    last = rows.row(-1, named=True)
    state = _state(key, reports)
    lines = [f"its last row of {node.inputs[0]} was at {instant(last[TIME])}"]
    if state == spec.name:
        lines.append(f"it was {spec.name}: `slac why` with the id of its report says why")
        return KeyAnswer(key=key, state=state, lines=lines)
    met = failing(spec.when, last)
    if met:
        lines += [f"not {spec.when_sql}: {line}" for line in met]
    elif spec.settle is not None:
        lines.append(f"{spec.when_sql} holds for this row, but must hold for {settle_text(spec.settle)}")
        lines += _since(spec, rows)
    else:
        before = _taken_before(node, spec, last)
        lines.append(f"{spec.when_sql} holds" + (f", but {before} comes first" if before else ""))
    step, _ = explain(sight, node.inputs[0], rows.tail(1))
    lines += [f"{step.block}: {line}" for line in step.arithmetic]
    return KeyAnswer(key=key, state=state, lines=lines + _late(node, rows.tail(1), sight))


def _silence(node: AuditNode, keys: Mapping[str, str], sight: Sight, at: int | None) -> str:
    """Why there is nothing to judge: no row had come, or the last one was too long ago."""
    before = sight.rows(node.inputs[0], high=at)
    before = matching(before, keys) if before.height else before
    if not before.height:
        return f"no row of {node.inputs[0]} had come by then"
    last = instant(before.sort(TIME, ID)[TIME][-1])
    return f"its last row of {node.inputs[0]} was at {last}, longer ago than `retain`, so that it was forgotten"


def _state(key: Mapping[str, Any], reports: pl.DataFrame) -> str | None:
    if not reports.height:
        return None
    mine = reports
    for name, value in key.items():
        mine = mine.filter(pl.col(name).eq_missing(value))
    return str(mine.sort(TIME, ID)["state"][-1]) if mine.height else None


def _since(spec: StateSpec, rows: pl.DataFrame) -> list[str]:
    """How many rows in a row have met the condition."""
    count = 0
    for row in reversed(rows.to_dicts()):
        if failing(spec.when, row):
            return [f"it has held for {count} row{'s' if count != 1 else ''}, since it failed at {instant(row[TIME])}"]
        count += 1
    return [f"it has held for {count} rows, all that are known"]


def _taken_before(node: AuditNode, spec: StateSpec, row: Mapping[str, Any]) -> str:
    """An earlier state whose condition holds too."""
    for state in node.states:
        if state.name == spec.name:
            return ""
        if state.when_sql and not failing(state.when, row):
            return f"{state.name} ({state.when_sql})"
    return ""


def _late(node: AuditNode, row: pl.DataFrame, sight: Sight) -> list[str]:
    """Rows that lie in the windows behind the last row, and came too late for them."""
    made = closure(sight, {node.inputs[0]: row})
    lines = []
    for stream, rows in made.rows.items():
        if not rows.height or stream == node.inputs[0]:
            continue
        times = rows[TIME].cast(pl.Int64)
        there = sight.rows(stream, low=int(times.min()), high=int(times.max()))  # type: ignore[arg-type]
        late = there.filter(pl.col(LATE)).join(rows, on=ID, how="anti") if there.height else there
        if late.height and ARRIVAL_WATERMARK in late.columns:
            first = late.row(0, named=True)
            count = "1 row" if late.height == 1 else f"{late.height} rows"
            lines.append(f"{count} of {stream} came late, the first that of {instant(first[TIME])}")
    return lines
