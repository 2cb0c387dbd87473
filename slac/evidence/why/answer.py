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
from slac.plan.nodes import AbsenceNode
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
        remarks=list(dict.fromkeys([*_thinned(made, plan), *remarks(logs, plan, made)])),
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
    decisions: dict[str, list[GateDecision]] = {}
    for seq, kind, node, value, _, detail in order.iter_rows():
        match EntryKind(kind):
            case EntryKind.GATE:
                decision = msgspec.json.decode(detail, type=GateDecision)
                before = decisions.get(node, []) if seq >= first else []
                decisions[node] = [*before, decision]
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
    for node, several in decisions.items():
        dropping = [d for d in several if d.fraction < 1]
        if dropping:
            yield f"the gate of {node} admitted {_admitted(dropping)}"


def _admitted(several: Sequence[GateDecision]) -> str:
    """By one decision, or by the first to the last of several."""
    first, last = several[0], several[-1]
    low, high = (f"{100 * end(d.fraction for d in several):.3g}" for end in (min, max))
    share = f"{low} %" if low == high else f"{low} to {high} %"
    why = ", ".join(dict.fromkeys(d.reason for d in several))
    which = f"decision {first.number} ({first.id})"
    which = which if len(several) == 1 else f"decisions {first.number} ({first.id}) to {last.number} ({last.id})"
    return f"{share} ({why}), by its {which}"


def _thinned(made: Closure, plan: Plan) -> Iterator[str]:
    for node, rows in made.rows.items():
        if UNDECIDED in rows.columns and rows[UNDECIDED].fill_null(value=False).any():
            silent = isinstance(plan[node], AbsenceNode)
            why = "what a gate dropped may have broken the silence" if silent else "a peer could not be reached"
            yield f"{node}: some rows are UNDECIDED, because {why}"
        if {SEEN, KEPT} <= set(rows.columns):
            lost = rows.filter(pl.col(SEEN) > pl.col(KEPT))
            if lost.height:
                seen, kept = lost[SEEN].sum(), lost[KEPT].sum()
                yield f"{node}: {seen:g} events stand behind its rows, of which gates let {kept} pass"
