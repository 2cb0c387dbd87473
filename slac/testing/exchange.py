"""Another plan takes over from the one that a harness runs, as runtimes do it: all of them, at one cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction
from slac.runtime.operator import State
from slac.runtime.succession.cutting import ROWS, Ended, HeldBack, ended, exports
from slac.runtime.succession.inheriting import Estate, inherit

Runtime = tuple[str, str]


def exchanged(
    old: Plan,
    new: Plan,
    cores: Mapping[Runtime, Core],
    build: Callable[[Plan, Runtime], Core],
    receiver: Callable[[str, str, str], str],
    now: int,
) -> tuple[dict[Runtime, Core], list[tuple[Runtime, Instruction]]]:
    """Cores of `new` by runtime, and what was still said by those of `old`.

    `build`: a core of a plan. `receiver`: the instance that a sender (node and name) dials of a node.
    """
    said: list[tuple[Runtime, Instruction]] = []
    left: dict[Runtime, Ended] = {}
    parcels: dict[Runtime, dict[str, State]] = {}
    for runtime in _downstream(old, cores):
        arrived = [
            HeldBack(stream=name.removeprefix(f"{ROWS}:"), peer="/".join(sender), rows=state.frames["rows"])
            for sender, states in parcels.items()
            for name, state in states.items()
            if name.startswith(f"{ROWS}:") and _is_sent(old, name, sender, runtime, receiver)
        ]
        left[runtime] = ended(cores[runtime], build(old, runtime), arrived, now)
        said += [(runtime, each) for each in left[runtime].said]
        parcels[runtime] = unpack(pack(exports(old, new, runtime[0], left[runtime])))
    made = {}
    for node, name in cores:
        core = build(new, (node, name))
        others = {
            (key.removeprefix("node:"), "/".join(other)): state
            for other, states in parcels.items()
            for key, state in states.items()
            if other != (node, name) and not key.startswith(f"{ROWS}:")
        }
        first = name == min(n for other, n in cores if other == node)
        inherit(core, old, new, node, Estate(own=left[node, name].states, others=others, first=first), now)
        made[node, name] = core
    return made, said


def _downstream(plan: Plan, cores: Mapping[Runtime, Core]) -> list[Runtime]:
    """Those that only send first."""
    dials = {n.node: n.to for n in plan.nodes if isinstance(n, LinkOutNode)}

    def steps(node: str) -> int:
        return 1 + steps(dials[node]) if node in dials else 0

    return sorted(cores, key=lambda runtime: (-steps(runtime[0]), runtime))


def _is_sent(plan: Plan, name: str, sender: Runtime, to: Runtime, receiver: Callable[[str, str, str], str]) -> bool:
    links = (n for n in plan.nodes if isinstance(n, LinkOutNode) and n.node == sender[0])
    streams = {n.stream for n in links if n.to == to[0]}
    return name.removeprefix(f"{ROWS}:") in streams and receiver(*sender, to[0]) == to[1]
