"""What the model says that each node did, beside what it took: the measurements that prices are fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from slac.calibration.world import CHECKPOINT, WAVE, World
from slac.plan.nodes import SourceNode
from slac.runtime.costs import Tally
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.measured import seen_facts
from slac.shedding.capacity.prices import Priced
from slac.shedding.capacity.walk import loads_of

KEYS: Final = "decode.keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: what was done, by kind of cost, and the CPU seconds it took; both a second."""

    of: str
    work: Priced
    seconds: float


def samples(world: World, rows: Mapping[str, float], seconds: float) -> list[Sample]:
    """All nodes, waves and checkpoints of a world that ran for `seconds`; `rows`: out of each node, a second."""
    tallies = {i: t for r in world.runtimes.values() for i, t in r.tallies.items() if not i.startswith("(")}
    facts = seen_facts(world.plan, rows, {i: t.calls / seconds for i, t in tallies.items()})
    frames = {i: n / seconds for r in world.runtimes.values() for i, n in r.frames.items()}
    scene = Scene(
        rates=world.rates,
        hurried=not world.holding,
        kept=_kept(world, rows),
        waves={name: r.waves / seconds for name, r in world.runtimes.items()},
        facts=replace(facts, calls={**facts.calls, **frames}),
    )
    loads = loads_of(world.plan, scene)
    watched = {i: t.seconds for r in world.runtimes.values() for i, t in r.watched.items()}
    found = [
        sample
        for n in world.plan.nodes
        if n.id in tallies and loads[n.id].work and loads[n.id].rows_in and tallies[n.id].seconds > 0
        for sample in _parts(n.id, loads[n.id].work, tallies[n.id].seconds / seconds, watched.get(n.id, 0.0) / seconds)
    ]
    for name, runtime in world.runtimes.items():
        nodes = sum(n.node == name for n in world.plan.nodes)
        found += _overheads(name, runtime.tallies, nodes, seconds)
    return found


def _kept(world: World, rows: Mapping[str, float]) -> dict[str, float]:
    """The share that gates let pass, by input."""
    if world.thinned is None:
        return {}
    sources = [n for n in world.plan.nodes if isinstance(n, SourceNode)]
    return {n.block: min(rows.get(n.id, 0.0) / world.rates[n.block], 1.0) for n in sources}


def _parts(of: str, work: Priced, seconds: float, watched: float) -> list[Sample]:
    """What a node took; counting keys, which nothing but other inputs would tell from decoding, by itself."""
    if not watched:
        return [Sample(of=of, work=work, seconds=seconds)]
    keys, others = (tuple(w for w in work if (w[0] == KEYS) == is_keys) for is_keys in (True, False))
    return [
        Sample(of=of, work=others, seconds=max(seconds - watched, 0.0)),
        Sample(of=f"{of} (keys)", work=keys, seconds=watched),
    ]


def _overheads(name: str, tallies: Mapping[str, Tally], nodes: int, seconds: float) -> list[Sample]:
    waves, checkpoints = tallies.get(WAVE), tallies.get(CHECKPOINT)
    found: list[Sample] = []
    if waves is not None and waves.seconds > 0:
        calls = sum(t.calls for name, t in tallies.items() if not name.startswith("("))
        work = Work(batches=calls / seconds, exprs=waves.calls * nodes / seconds)
        found.append(Sample(of=f"{name} {WAVE}", work=(("wave", work),), seconds=waves.seconds / seconds))
    if checkpoints is not None and checkpoints.seconds > 0:
        work = Work(exprs=checkpoints.calls * nodes / seconds, bytes=checkpoints.rows / seconds)
        found.append(
            Sample(of=f"{name} {CHECKPOINT}", work=(("checkpoint", work),), seconds=checkpoints.seconds / seconds)
        )
    return found
