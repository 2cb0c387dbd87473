"""Inputs varied over ranges: the same events with other values of a field, and what comes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any, Final

import polars as pl

from slac.adapters.paths import parse_path
from slac.diagnostics import UsageError, listed, suggest
from slac.plan.graph import Plan
from slac.plan.nodes import AbsenceNode, AuditNode, SourceNode, ViolationNode
from slac.plan.signatures import FLOAT, INT
from slac.stream.batch import TIME
from slac.testing.simulation.feed import Feed, Item
from slac.testing.simulation.run import Simulation

MOST: Final = 500
"""Runs of one table, at most."""
_FORM: Final = re.compile(
    r"(?P<block>[\w.]+)\.(?P<field>\w+)=(?P<factor>\*?)(?P<low>[^:]+?)(?:\.\.(?P<high>[^:]+?):(?P<step>.+))?"
)
_SHAPE: Final = "write runs.duration_ms=100..500:50, or runs.duration_ms=*0.5..2:0.5 to multiply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """Field `field` of input `block` takes each of `values`, or is multiplied by it."""

    block: str
    field: str
    values: tuple[float, ...]
    factor: bool
    path: tuple[str, ...]
    whole: bool

    @property
    def name(self) -> str:
        """As it was written."""
        return f"{self.block}.{self.field}"

    def applied(self, item: Item, value: float) -> Item:
        """An event with that value; one that does not have the field is left as it is when it would be multiplied."""
        if item.block != self.block:
            return item
        if item.row is not None:
            old = pl.col(self.field) * value if self.factor else pl.lit(value)
            kind = pl.Int64 if self.whole else pl.Float64
            new = old.round(0).cast(kind) if self.whole else old.cast(kind)
            return replace(item, row=item.row.with_columns(new.alias(self.field)))
        return replace(item, record=_with(dict(item.record or {}), self.path, self._new(value)))

    def _new(self, value: float) -> Any:
        def new(old: Any) -> Any:
            if not self.factor:
                return int(value) if self.whole else value
            if isinstance(old, bool) or not isinstance(old, int | float):
                return old
            return round(old * value) if self.whole else old * value

        return new


def parse_variation(plan: Plan, text: str) -> Variation:
    """UsageError where it is not written like that, or there is no such field of numbers."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(f'"{text}" varies nothing: {_SHAPE}')
    sources = {n.block: n for n in plan.nodes if isinstance(n, SourceNode)}
    node = sources.get(found["block"])
    if node is None:
        hint = suggest(found["block"], sources) or f"inputs: {listed(sources)}"
        raise UsageError(f'"{found["block"]}" is no input; {hint}')
    fields = {f.name: ("payload", f) for f in node.payload.fields} | {
        f.name: ("context", f) for f in node.context.fields
    }
    part, field = fields.get(found["field"], ("", None))
    if field is None:
        hint = suggest(found["field"], fields) or f"fields: {listed(fields)}"
        raise UsageError(f'"{found["block"]}" has no field "{found["field"]}"; {hint}')
    if field.dtype not in (INT, FLOAT):
        raise UsageError(f'"{found["field"]}" is {field.dtype}: only numbers can be varied over a range')
    mapped = dict(node.mapping)
    return Variation(
        block=node.block,
        field=field.name,
        values=_values(found, text),
        factor=bool(found["factor"]),
        path=parse_path(mapped[field.name]) if field.name in mapped else (part, field.name),
        whole=field.dtype == INT,
    )


def outcomes(
    plan: Plan, feed: Feed, variations: Sequence[Variation]
) -> Iterator[tuple[tuple[float, ...], dict[str, str]]]:
    """For each combination of values what audits and violations say; all runs to the end of the events."""
    runs = 1
    for one in variations:
        runs *= len(one.values)
    if runs > MOST:
        raise UsageError(f"these are {runs} runs, and a table has {MOST} at most: take larger steps")
    for values in product(*(v.values for v in variations)):

        def change(item: Item, values: tuple[float, ...] = values) -> Item:
            for one, value in zip(variations, values, strict=True):
                item = one.applied(item, value)
            return item

        simulation = Simulation(plan, feed, change)
        yield values, verdicts(plan, simulation.end().rows)


def verdicts(plan: Plan, rows: Sequence[tuple[str, pl.DataFrame]]) -> dict[str, str]:
    """By audit and violation how often each state was entered, or it was raised, and when that began to be wrong."""
    told: dict[str, str] = {}
    for node in plan.nodes:
        if not isinstance(node, AuditNode | ViolationNode | AbsenceNode) or node.id != node.block:
            continue
        frames = [frame for block, frame in rows if block == node.block]
        said = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()
        told[node.block] = _audit(said) if isinstance(node, AuditNode) else _violation(said)
    return told


def _audit(said: pl.DataFrame) -> str:
    if not said.height:
        return "-"
    entered = said.filter(pl.col("kind").is_in(["initial", "change"]))
    counts: Mapping[str, int] = dict(entered.group_by("state", maintain_order=True).len().iter_rows())
    wrong = entered.filter(pl.col("verdict") == "VIOLATED")[TIME]
    text = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
    return text + (f", first violated {_instant(wrong.min())}" if wrong.len() else "")  # type: ignore[arg-type]


def _violation(said: pl.DataFrame) -> str:
    raised = said.filter(pl.col("kind") == "raised") if said.height else said
    if not raised.height:
        return "-"
    return f"raised {raised.height}, first {_instant(raised[TIME].min())}"  # type: ignore[arg-type]


def _instant(when: datetime) -> str:
    # A window's row has its last instant; people say when it ended.
    rounded = when + timedelta(microseconds=1) if when.microsecond == 999_999 else when
    return rounded.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _values(found: re.Match[str], text: str) -> tuple[float, ...]:
    try:
        low = Decimal(found["low"])
        high = Decimal(found["high"]) if found["high"] else low
        step = Decimal(found["step"]) if found["step"] else Decimal(1)
    except InvalidOperation:
        raise UsageError(f'"{text}": these are no numbers: {_SHAPE}') from None
    if step <= 0 or high < low or (high - low) / step > MOST:
        raise UsageError(f'"{text}": the range leads nowhere, or has more than {MOST} steps: {_SHAPE}')
    return tuple(float(low + step * n) for n in range(int((high - low) / step) + 1))


def _with(record: dict[str, Any], path: tuple[str, ...], new: Any) -> dict[str, Any]:
    """A record whose value at `path` is another; what lies on the way is copied."""
    head, *rest = path
    inner = record.get(head)
    if not rest:
        return {**record, head: new(inner)}
    return {**record, head: _with(dict(inner) if isinstance(inner, dict) else {}, tuple(rest), new)}
