"""What audits and violations say of the same events under two documents: which verdicts differ, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
import networkx as nx
import polars as pl

from slac.adapters.publication.records import plain
from slac.plan.changes import BlockChange, Changes
from slac.plan.graph import Plan
from slac.plan.lowering import columns_of
from slac.plan.nodes import AbsenceNode, AnyNode, AuditNode, ViolationNode
from slac.stream.batch import ID, META, REVISION, TIME

Rows = Callable[[str], pl.DataFrame]
"""The rows of a node, by its id; empty where there are none, or they are not known."""

EXPLAINED: Final = 100
"""So many differences are looked into; of the others it is said that they differ."""
_TOLD: Final[tuple[str, ...]] = ("kind", "state", "previous", "verdict", "severity", "message")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A document and what it has made of the events."""

    plan: Plan
    rows: Rows


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that only one of the two documents gives, or that they give otherwise.

    `old`, `new`: what was said (kind, state, …), None where nothing was. `why`: sentences, the first cause first.
    """

    block: str
    key: dict[str, Any]
    time: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    why: tuple[str, ...] = ()


class BackTest(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of two documents over the same events: how many each gave, and where they differ."""

    old: int
    new: int
    differences: tuple[Difference, ...]


def differences(old: Said, new: Said, changes: Changes) -> BackTest:
    """Compare verdicts by block, key, time and kind; what was said again counts in its last form."""
    before, after = _verdicts(old), _verdicts(new)
    found = []
    for place in sorted(before.keys() | after.keys(), key=lambda p: (p[2], p[0], str(p[1]))):
        was, now = before.get(place), after.get(place)
        if was != now:
            found.append(_difference(place, was, now))
    explained = [_with_reason(d, old, new, changes) for d in found[:EXPLAINED]]
    return BackTest(old=len(before), new=len(after), differences=(*explained, *found[EXPLAINED:]))


_Place = tuple[str, tuple[tuple[str, Any], ...], str, str]


def _verdicts(said: Said) -> dict[_Place, dict[str, Any]]:
    found: dict[_Place, dict[str, Any]] = {}
    for node in _judges(said.plan):
        rows = _last_said(said.rows(node.id))
        keys = node.keys
        for row in rows.iter_rows(named=True):
            key = tuple((k, plain(row[k])) for k in keys)
            told = {n: plain(row[n]) for n in _TOLD if n in row and row[n] is not None}
            found[node.block, key, plain(row[TIME]), str(row.get("kind"))] = told
    return found


def _judges(plan: Plan) -> Iterator[AuditNode | ViolationNode | AbsenceNode]:
    for node in plan.nodes:
        if isinstance(node, AuditNode | ViolationNode) or (isinstance(node, AbsenceNode) and node.role != "partial"):
            yield node


def _last_said(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each id the last revision; none of what was taken back."""
    if not rows.height:
        return rows
    if REVISION not in rows.columns:
        return rows.unique(ID, keep="last", maintain_order=True)
    number = pl.col(REVISION).fill_null(0)
    last = rows.sort(number.abs(), maintain_order=True).unique(ID, keep="last", maintain_order=True)
    return last.filter(number >= 0)


def _difference(place: _Place, was: dict[str, Any] | None, now: dict[str, Any] | None) -> Difference:
    block, key, time, _ = place
    return Difference(block=block, key=dict(key), time=time, old=was, new=now)


def _with_reason(found: Difference, old: Said, new: Said, changes: Changes) -> Difference:
    own, above = _changed(found.block, old.plan, new.plan, changes)
    own = _of_states(own, found)
    is_same, judged = _judged(found, old, new)
    # What is judged is the same: then only who judges can be the cause.
    why = [*own, *judged] if own and is_same else [*own, *above, *judged]
    return msgspec.structs.replace(found, why=tuple(why) or ("what it judges is the same; an earlier state differs",))


def _of_states(words: list[str], found: Difference) -> list[str]:
    """Without words of states that are neither of those that were said; all where nothing else is left."""
    told = [said[n] for said in (found.old, found.new) if said for n in ("state", "previous") if said.get(n)]
    ours = tuple(f"{found.block}: state {name} " for name in told)
    if not told:
        return words
    kept = [w for w in words if not w.startswith(f"{found.block}: state ") or w.startswith(ours)]
    return kept or words


def _changed(block: str, old: Plan, new: Plan, changes: Changes) -> tuple[list[str], list[str]]:
    """What the documents say otherwise of the block, and of what it is made of."""
    above = {block}
    for plan in (old, new):
        nodes = [n.id for n in plan.nodes if n.block == block]
        above |= {plan[a].block for i in nodes for a in nx.ancestors(plan.graph, i) if a in _ids(plan)}
    own: list[str] = []
    others: list[str] = []
    for change in changes.blocks:
        if change.block in above and change.change != "same":
            (own if change.block == block else others).extend(_said_of(change))
    return own, others


def _said_of(change: BlockChange) -> Iterator[str]:
    for word in change.words if change.change == "changed" else ():
        yield f"{change.block}: {word.word} was {word.old or 'not there'}, and is {word.new or 'not there'}"
    if change.change != "changed" or not change.words:
        yield f"{change.block} is {change.change}"


def _ids(plan: Plan) -> frozenset[str]:
    return frozenset(n.id for n in plan.nodes)


def _judged(found: Difference, old: Said, new: Said) -> tuple[bool, list[str]]:
    """Whether what was judged is the same under both, and a sentence about it: of columns that are asked about."""
    if any(isinstance(n, AbsenceNode) and n.block == found.block for n in _judges(new.plan)):
        return False, []  # it asks for no value, but whether anything comes
    was, now = (_row_before(said, found) for said in (old, new))
    if was is None and now is None:
        return False, []
    if was is None or now is None:
        which = "the old" if was is None else "the new"
        return False, [f"under {which} document nothing had come that it could judge"]
    asked = _asked(old.plan, found.block) | _asked(new.plan, found.block)
    unlike = [n for n in was if n in now and was[n] != now[n] and (n in asked or not asked)]
    shown = unlike or [n for n in was if n not in found.key and (n in asked or not asked)]
    told = ", ".join(f"{n} = {was[n]}" if was[n] == now.get(n) else f"{n} was {was[n]}, and is {now[n]}" for n in shown)
    return not unlike, [f"what it judges {'differs' if unlike else 'is the same'}: {told}"] if told else []


def _asked(plan: Plan, block: str) -> frozenset[str]:
    """The columns that the conditions of an audit or violation read."""
    asked: frozenset[str] = frozenset()
    for node in _judges(plan):
        if node.block != block:
            continue
        match node:
            case AuditNode():
                asked |= frozenset[str]().union(*(columns_of(s.when) for s in node.states))
            case ViolationNode():
                asked |= columns_of(node.condition)
            case _:
                continue
    return asked


def _row_before(said: Said, found: Difference) -> Mapping[str, Any] | None:
    """The last row of the key that was there at the time."""
    node = next((n for n in _judges(said.plan) if n.block == found.block), None)
    if node is None or not node.inputs:
        return None
    rows = said.rows(_main_input(node))
    if not rows.height or any(k not in rows.columns for k in found.key):
        return None
    for name, value in found.key.items():
        rows = rows.filter(pl.Series([plain(v) == value for v in rows[name]]))
    until = rows.filter(pl.col(TIME).dt.strftime("%Y-%m-%dT%H:%M:%S.%6fZ") <= found.time)
    if not until.height:
        return None
    row = until.sort(TIME, maintain_order=True).row(-1, named=True)
    return {name: plain(value) for name, value in row.items() if name not in META and name not in ("_seq", "_late")}


def _main_input(node: AnyNode) -> str:
    return node.inputs[0]
