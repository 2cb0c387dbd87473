"""A whole answer: the tree, and what the logs say beside rows of the time that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import polars as pl

from slac.evidence.lineage import LogRows, Sight
from slac.evidence.lineage.closure import Closure
from slac.evidence.log.entries import EntryKind
from slac.evidence.log.reader import LogDirectory
from slac.evidence.why.build import explain, path_of
from slac.evidence.why.find import Found
from slac.evidence.why.step import Why
from slac.plan.graph import Plan
from slac.runtime.operator import ENDED
from slac.shedding.gate import GateDecision
from slac.stream.batch import KEPT, SEEN, UNDECIDED

_TOLD: Final = (EntryKind.GATE, EntryKind.DOUBT, EntryKind.REFUSED, EntryKind.LOST, EntryKind.NOTICE)


def answer(
    logs: Sequence[LogDirectory], plan: Plan, found: Found, *, everything: bool = False
) -> tuple[Why, frozenset[str]]:
    """Why a row was said, and the nodes on the way to it."""
    sight = Sight(plan, LogRows(logs))
    names = [f"{log.header.node}/{log.header.instance}" for log in logs]
    root, made = explain(sight, found.node, found.row, runtimes=names, everything=everything)
    explained = Why(
        document=plan.document,
        root=root,
        remarks=list(dict.fromkeys([*_thinned(made), *remarks(logs, plan, made)])),
        damage=[str(d) for log in logs for d in log.damage],
    )
    return explained, path_of(made, sight)


def remarks(logs: Sequence[LogDirectory], plan: Plan, made: Closure) -> Iterator[str]:
    """What gates decided, links lacked and logs lost while these rows came in."""
    seqs = [rows["_seq"] for rows in made.rows.values() if rows.height]
    if not seqs:
        return
    first = min(int(s.min()) for s in seqs)  # type: ignore[arg-type]
    last = max(int(s.max()) for s in seqs)  # type: ignore[arg-type]
    for log in logs:
        order = log.order().filter(pl.col("kind").is_in([str(k) for k in _TOLD]), pl.col("_seq") <= last)
        yield from of_entries(order, plan, first)


def of_entries(order: pl.DataFrame, plan: Plan, first: int) -> Iterator[str]:
    """Sentences for entries; of gates and links what still held at entry `first`."""
    standing: dict[tuple[str, str], str] = {}
    for seq, kind, node, value, _, detail in order.iter_rows():
        match EntryKind(kind):
            case EntryKind.GATE:
                decision = msgspec.json.decode(detail, type=GateDecision)
                admits = f"the gate of {node} admitted {100 * decision.fraction:.3g} % ({decision.reason})"
                standing["gate", node] = admits if decision.fraction < 1 else ""
            case EntryKind.DOUBT:
                standing["doubt", node] = (
                    "" if value >= ENDED else f"a peer of {plan[node].block} could not be reached: rows may be missing"
                )
            case EntryKind.REFUSED if seq >= first:
                yield f"{value} {'record' if value == 1 else 'records'} of {node} went to quarantine: {detail}"
            case EntryKind.LOST if seq >= first:
                yield f"{value} rows of {node} are not in the log: {detail}"
            case EntryKind.NOTICE if seq >= first:
                yield f"{node}: {detail}"
            case _:
                continue
    yield from (told for told in standing.values() if told)


def _thinned(made: Closure) -> Iterator[str]:
    for node, rows in made.rows.items():
        if UNDECIDED in rows.columns and rows[UNDECIDED].fill_null(value=False).any():
            yield f"{node}: some rows are UNDECIDED, because a peer could not be reached"
        if {SEEN, KEPT} <= set(rows.columns):
            lost = rows.filter(pl.col(SEEN) > pl.col(KEPT))
            if lost.height:
                seen, kept = lost[SEEN].sum(), lost[KEPT].sum()
                yield f"{node}: {seen:g} events stand behind its rows, of which gates let {kept} pass"
