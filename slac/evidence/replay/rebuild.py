"""A state from a log, for a runtime whose checkpoints are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from slac.diagnostics import RunFailed, listed
from slac.evidence.log.feed import steps
from slac.evidence.log.reader import LogDirectory
from slac.evidence.replay.same import Walk
from slac.evidence.replay.unknown import END
from slac.evidence.replay.whole import full_part
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, SourceNode
from slac.runtime.core import Core
from slac.runtime.operator import BEGINNING, State
from slac.stream.batch import ID, TIME
from slac.stream.privacy import Hasher

_NOBODYS: Final = Hasher(b"hashes nothing here")
_SEQUENCE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The states of a core, by kind and name as `Core.snapshot` has them, and of its outputs; what is not in them."""

    states: Mapping[str, State]
    events: int
    gaps: tuple[str, ...]


def rebuild(log: LogDirectory, plan: Plan) -> Rebuilt:
    """The state at the end of the log. RunFailed where the log is of another document, or cannot tell it.

    Rows that were to be published since the last checkpoint in the log are published again: they have the same ids.
    """
    log, missing = full_part(log)
    header = log.header
    part = plan.part(header.node)
    _check(log, plan, part)
    walk = Walk(log, None, None, lambda _: None, lambda _, __: None)
    for step in steps(log):
        walk.take(step)
    if walk.flow is None:
        raise RunFailed(f"{log.place} has nothing of a run")
    walk.flow.settle()
    walk.unknown.stop(END)
    flow = walk.flow.flow.snapshot()
    fresh = Core(part, now=header.start or 0, live=header.live, hasher=_NOBODYS).snapshot()
    states = {name: flow.get(name.removeprefix("node:"), state) for name, state in fresh.items()}
    for node in part.nodes:
        if isinstance(node, SourceNode) and node.table is None:
            name = f"source:{node.block}"
            states[name] = _source(log, node, fresh[name], walk.flow.flow.watermark(node.id))
    outputs: dict[str, list[tuple[str, pl.DataFrame]]] = {}
    for each in walk.flow.published:
        outputs.setdefault(each.output, []).append((each.block, each.frame))
    states |= {f"output:{name}": _waiting(rows) for name, rows in outputs.items()}
    return Rebuilt(
        states=states,
        events=walk.events,
        gaps=(*missing, *dict.fromkeys([*walk.unknown.gaps, *walk.gaps]), *map(str, log.check())),
    )


def _check(log: LogDirectory, plan: Plan, part: Plan) -> None:
    if log.header.meaning != plan.meaning:
        raise RunFailed(f"{log.place} was written by another version of this document: a state cannot be made of it")
    links = [n.id for n in part.nodes if isinstance(n, LinkInNode | LinkOutNode)]
    if links:
        raise RunFailed(
            f"the state of {log.header.node} cannot be made of its log: how far the two sides of {listed(links)} had "
            "come with one another is not in it. Begin anew, and let the other side too"
        )
    natural = [n.block for n in part.nodes if isinstance(n, SourceNode) and n.natural_id]
    if natural:
        raise RunFailed(f"how far {listed(natural)} had been read is not in the log: its ids are those of the events")


def _source(log: LogDirectory, node: SourceNode, fresh: State, watermark: int) -> State:
    """Records by id prefix, and event time; where a source was is found again by counting."""
    rows = log.rows(node.id)
    values: dict[str, Any] = {**fresh.values, "key": ""}
    if not rows.height:
        return State(values, fresh.frames)
    places = rows.select((pl.col(ID) // (1 << _SEQUENCE)).alias("prefix"), (pl.col(ID) % (1 << _SEQUENCE)).alias("n"))
    counts = places.group_by("prefix").agg(pl.col("n").max() + 1)
    values["rebuilt"] = {str(prefix): int(count) for prefix, count in counts.iter_rows()}
    values["latest"] = int(rows[TIME].cast(pl.Int64).max())  # type: ignore[arg-type]
    values["promised"] = max(watermark, BEGINNING)
    return State(values, fresh.frames)


def _waiting(rows: list[tuple[str, pl.DataFrame]]) -> State:
    return State({"blocks": [b for b, _ in rows]}, {str(i): frame for i, (_, frame) in enumerate(rows)})
