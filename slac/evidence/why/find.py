"""Which row is meant: by its id, or the latest of an audit, a violation or any block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from slac.diagnostics import UsageError
from slac.diagnostics.suggest import listed, suggest
from slac.evidence.lineage import LOG
from slac.evidence.log.reader import LogDirectory, NotLogged
from slac.evidence.recorder.history import QUIET
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode, OutputNode
from slac.stream.batch import ID, REVISION, TIME
from slac.stream.ids import format_id, parse_id


@dataclass(frozen=True, slots=True)
class Found:
    """A row (a frame of height 1, with `_log`) and its node."""

    node: str
    row: pl.DataFrame


def find(logs: Sequence[LogDirectory], plan: Plan, name: str, keys: Mapping[str, str] | None = None) -> Found:
    """The row that `name` means: an id of 16 hex digits, or the latest of a block that says something new.

    `keys`: only where these columns have these values. UsageError where there is none.
    """
    found = _by_id(logs, name) if _is_id(name) else None
    if found is None:
        found = _latest(logs, _node(plan, logs, name), keys or {})
    if found is None:
        damage = "".join(f"\nmissing: {d}" for log in logs for d in log.damage)
        raise NotLogged(f"no log here has a row of {name}{_of(keys or {})}{damage}")
    return found


def exit_of(plan: Plan, block: str) -> str | None:
    """The node that gives out the rows of a block."""
    nodes = [n.id for n in plan.nodes if n.block == block and not isinstance(n, OutputNode | LinkOutNode)]
    return nodes[-1] if nodes else None


def matching(rows: pl.DataFrame, keys: Mapping[str, str]) -> pl.DataFrame:
    """Rows whose columns have these values, compared as text."""
    for name, value in keys.items():
        if name not in rows.columns:
            raise UsageError(f'there is no column "{name}"; there are: {listed(sorted(_names(rows)))}')
        rows = rows.filter(pl.col(name).cast(pl.String) == value)
    return rows


def _by_id(logs: Sequence[LogDirectory], text: str) -> Found | None:
    wanted = parse_id(text)
    for place, log in enumerate(logs):
        for node in log.nodes:
            row = log.find(node, wanted)
            if row is not None:
                return Found(node, row.select(pl.lit(place, pl.UInt16).alias(LOG), pl.all()))
    return None


def _latest(logs: Sequence[LogDirectory], node: str, keys: Mapping[str, str]) -> Found | None:
    found: list[pl.DataFrame] = []
    for place, log in enumerate(logs):
        rows = log.rows(node)
        if rows.height:
            found.append(matching(rows, keys).select(pl.lit(place, pl.UInt16).alias(LOG), pl.all()))
    rows = pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()
    if not rows.height:
        return None
    rows = rows.filter(pl.col(REVISION).fill_null(0) >= 0)
    news = rows.filter(~pl.col("kind").is_in(QUIET)) if "kind" in rows.columns else rows
    chosen = news if news.height else rows
    return Found(node, chosen.sort(TIME, ID).tail(1)) if chosen.height else None


def _node(plan: Plan, logs: Sequence[LogDirectory], name: str) -> str:
    known = {n.block for n in plan.nodes if exit_of(plan, n.block)}
    node = exit_of(plan, name) or (name if any(name in log.nodes for log in logs) else None)
    if node is None:
        hint = suggest(name, sorted(known))
        if _is_id(name):
            raise NotLogged(
                "there is no row with this id in these logs (mode `evidence` has verdicts and what they were made of)"
            )
        what = f'block "{name}"'
        raise UsageError(f"there is no {what} in these logs" + (f"; {hint}" if hint else f": {listed(sorted(known))}"))
    return node


def _is_id(text: str) -> bool:
    try:
        return format_id(parse_id(text)) == text.lower()
    except ValueError:
        return False


def _of(keys: Mapping[str, str]) -> str:
    return f" with {', '.join(f'{k} = {v}' for k, v in keys.items())}" if keys else ""


def _names(rows: pl.DataFrame) -> list[str]:
    return [n for n in rows.columns if not n.startswith("_")]
