"""The runtimes that take part in a change, as they say of themselves, and whether they are all there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slac.diagnostics import UsageError, listed
from slac.plan.changes import heirs
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.inspection.client import Place
from slac.runtime.inspection.status import RuntimeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """One runtime, and where it is asked."""

    place: Place
    status: RuntimeStatus

    @property
    def name(self) -> str:
        """`node/instance`."""
        return f"{self.status.node}/{self.status.instance}"


def in_order_of_flow(partners: Sequence[Partner], plan: Plan) -> list[Partner]:
    """Those that only send first, and last the one that only receives; UsageError where there are several of those."""
    dials = _dials(plan)
    depth = {}
    for partner in partners:
        node, steps = partner.status.node, 0
        while (node := dials.get(node, "")) and steps <= len(dials):
            steps += 1
        depth[partner.name] = steps
    ordered = sorted(partners, key=lambda p: (-depth[p.name], p.name))
    last = [p for p in ordered if not depth[p.name]]
    if len(last) > 1:
        raise UsageError(
            f"{listed([p.name for p in last])} send to nobody: one of them would have to decide for the others, and "
            "they cannot ask it. Run them as documents of their own"
        )
    return ordered


def refuse_incomplete(partners: Sequence[Partner], plan: Plan) -> None:
    """UsageError where a runtime is missing that takes part in what `plan` does."""
    here = {p.name for p in partners}
    nodes = {p.status.node for p in partners}
    for partner in partners:
        away = sorted(n for n, p in partner.status.peers.items() if not p.connected and not p.forgotten)
        if away:
            raise UsageError(
                f"{listed(away)} cannot be reached by {partner.name}, and may hold what was not sent yet: a change "
                "takes all runtimes. Start it, or wait until it is back"
            )
        if strangers := sorted(n for n, p in partner.status.peers.items() if n not in here and not p.forgotten):
            raise UsageError(
                f"{listed(strangers)} sends to {partner.name} and was not found here: give its --control address with "
                "--connect, too"
            )
    for node in plan.nodes:
        if isinstance(node, LinkOutNode) and node.node in nodes and node.to not in nodes:
            raise UsageError(f'no runtime of the node "{node.to}" was found, to which "{node.node}" sends')
    keeps = {p.status.keeps for p in partners}
    if len(partners) > 1 and keeps != {True}:
        without = [p.name for p in partners if not p.status.keeps]
        raise UsageError(
            f"{listed(without)} runs without --state: after a crash in the middle of a change it would begin with its "
            "old document beside others with the new one"
        )


def refuse_unmovable(partners: Sequence[Partner], old: Plan, new: Plan) -> None:
    """UsageError where state would go to several instances, or come from several that cannot be made one."""
    count = {node: sum(p.status.node == node for p in partners) for node in {n.node for n in (*old.nodes, *new.nodes)}}
    for heir in heirs(old, new).values():
        block, last = new[heir.id].block, new[heir.id].node
        if not heir.moves:
            continue
        if heir.form == "same":
            crowded = [n for n in dict.fromkeys((*(home for _, home in heir.of), heir.node)) if count[n] != 1]
        else:
            # Parts may be many; the whole of a window is in one place.
            whole = [home for i, home in heir.of if getattr(old[i], "role", "") in {"whole", "final"}]
            crowded = [n for n in dict.fromkeys((*whole, *([last] if heir.id == block else []))) if count[n] > 1]
        for node in crowded:
            running = count[node]
            how_many = f"{running} runtimes of it run" if running else "none of its runtimes runs"
            raise UsageError(
                f'the state of "{block}" cannot go from {listed([n for _, n in heir.of])} to {heir.node}: on "{node}" '
                f"it belongs to one runtime, and {how_many}"
            )


def _dials(plan: Plan) -> dict[str, str]:
    """Where the streams of each node go."""
    return {n.node: n.to for n in plan.nodes if isinstance(n, LinkOutNode)}
