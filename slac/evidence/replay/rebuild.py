"""A state from a log, for a runtime whose checkpoints are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from slac.diagnostics import RunFailed, listed
from slac.evidence.log.feed import steps
from slac.evidence.log.reader import LogDirectory
from slac.evidence.replay.accepted import Accepted, accepted_in
from slac.evidence.replay.same import Walk
from slac.evidence.replay.unknown import END
from slac.evidence.replay.whole import full_part
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, SourceNode
from slac.runtime.core import Core
from slac.runtime.links.inlet import state_of
from slac.runtime.links.position import Position
from slac.runtime.operator import BEGINNING, ENDED, State
from slac.stream.batch import ID, TIME
from slac.stream.privacy import Hasher

_NOBODYS: Final = Hasher(b"hashes nothing here")
_SEQUENCE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The states of a core, by kind and name as `Core.snapshot` has them, and of its outputs; what is not in them.

    `accepted`: how far each link has come with each instance that sends to it, by stream.
    """

    states: Mapping[str, State]
    events: int
    gaps: tuple[str, ...]
    accepted: Mapping[str, tuple[Position, ...]]


def rebuild(log: LogDirectory, plan: Plan) -> Rebuilt:
    """The state at the end of the log. RunFailed where the log is of another document, or cannot tell it.

    Rows that were to be published since the last checkpoint in the log are published again: they have the same ids.
    """
    log, missing = full_part(log)
    header = log.header
    part = plan.part(header.node)
    _check(log, plan, part)
    stood = _stood(log, part)
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
        if isinstance(node, LinkInNode):
            marks = flow[""].values
            states[f"inlet:{node.stream}"] = _inlet(log, node, marks["promised"], marks["certain"], stood)
    outputs: dict[str, list[tuple[str, pl.DataFrame]]] = {}
    for each in walk.flow.published:
        outputs.setdefault(each.output, []).append((each.block, each.frame))
    states |= {f"output:{name}": _waiting(rows) for name, rows in outputs.items()}
    return Rebuilt(
        states=states,
        events=walk.events,
        gaps=(*missing, *dict.fromkeys([*walk.unknown.gaps, *walk.gaps]), *map(str, log.check())),
        accepted={n.stream: _of(stood, n) for n in part.nodes if isinstance(n, LinkInNode)},
    )


def _check(log: LogDirectory, plan: Plan, part: Plan) -> None:
    if log.header.meaning != plan.meaning:
        raise RunFailed(f"{log.place} was written by another version of this document: a state cannot be made of it")
    sent = [n.id for n in part.nodes if isinstance(n, LinkOutNode)]
    if sent:
        raise RunFailed(
            f"the state of {log.header.node} cannot be made of its log: which rows of {listed(sent)} it had sent, and "
            "the other side has not made safe, is not in it. Begin anew, and let the other side too"
        )
    natural = [n.block for n in part.nodes if isinstance(n, SourceNode) and n.natural_id]
    if natural:
        raise RunFailed(f"how far {listed(natural)} had been read is not in the log: its ids are those of the events")


def _stood(log: LogDirectory, part: Plan) -> Accepted:
    """RunFailed where there are links, and the log (of an older version, or cut off) does not say how far they were."""
    stood = accepted_in(log)
    links = [n.id for n in part.nodes if isinstance(n, LinkInNode)]
    if links and not stood.is_known:
        raise RunFailed(
            f"the state of {log.header.node} cannot be made of its log: how far the two sides of {listed(links)} had "
            "come with one another is not in it. Begin anew, and let the other side too"
        )
    return stood


def _of(stood: Accepted, node: LinkInNode) -> tuple[Position, ...]:
    return tuple(stood.positions.get(node.id, {}).values())


def _inlet(
    log: LogDirectory, node: LinkInNode, promised: Mapping[str, int], certain: Mapping[str, int], stood: Accepted
) -> State:
    """As the link stood: who sends here goes on from there, and what it sends again is known."""
    parts = (p for s in log.segments for p in s.parts if (p.kind, p.node) == ("rows", node.id))
    return state_of(
        _of(stood, node),
        promised=promised[node.id],
        # Where nothing is in doubt, it is certain as far as it is promised.
        certain=promised[node.id] if certain[node.id] == ENDED else certain[node.id],
        late=stood.late.get(node.id, 0),
        highest=max((p.high for p in parts if p.high is not None), default=BEGINNING),
    )


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
