"""`python -m benchmarks.capacity.worker PLAN FACTOR WARM SECONDS [CALIBRATION]`: drive a plan, print what it used.

It is given a plan, not a document: a runtime holds no compiler in its memory either.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil

from benchmarks.capacity.feeds import Feed
from benchmarks.capacity.pace import Beside
from slac.calibration.world import START, World
from slac.plan.graph import Plan, PlanData
from slac.plan.nodes import OutputNode, SourceNode, WindowNode
from slac.stream.clock import SECOND

ENOUGH = 1.5
"""CPU seconds: where little happens it is watched for longer, …"""
TOLD = 8
"""… and where a block is told more rarely than this, for a mean of one delay, or of two, is none, …"""
SURE = 0.1
"""… or where the standard error of its mean delay is a larger share of it than this …"""
MOST, LONGEST = 10.0, 3_600.0
"""… but for no longer than this (CPU seconds, s of event time)."""
MARGIN = 8.0
"""Seconds behind the end of a window until all that follows from it has been said."""
TURN = 0.15
"""CPU seconds for which it runs before the reference has its turn."""
ASSUMED = 100.0
"""Events a second where nothing is declared."""


def rates_of(plan: Plan, factor: float) -> dict[str, float]:
    """Events a second by input: what is declared, times `factor`."""
    sources = [n for n in plan.nodes if isinstance(n, SourceNode) and n.table is None]
    return {n.block: factor * (n.rate.normal if n.rate else ASSUMED) for n in sources}


def main(path: str, factor: float, warm: float, seconds: float, *, calibration: str | None = None) -> dict[str, Any]:
    """Cores by node, bytes of the process, latencies, what the nodes did, and the pace of the machine meanwhile."""
    plan = Plan(msgspec.json.decode(Path(path).read_bytes(), type=PlanData))
    sources = [n for n in plan.nodes if isinstance(n, SourceNode) and n.table is None]
    world = World(plan, {n.block: Feed(n) for n in sources}, rates_of(plan, factor), time.process_time, holding=True)
    world.run(max(warm, _longest_window(plan) + MARGIN))
    pieces = max(round(_used(world) / TURN * seconds / max((world.now - START) / SECOND, 1.0)), 1)
    world.reset()
    before, began = _rows(world), world.now
    with Beside(calibration) as reference:
        while _is_short(world, began, seconds):
            for _ in range(pieces):
                world.run(seconds / pieces)
                reference.turn()
    lasted = (world.now - began) / SECOND
    tallies = {i: t for r in world.runtimes.values() for i, t in r.tallies.items()}
    return {
        "pace": reference.pace,
        "cores": {name: r.used / lasted for name, r in world.runtimes.items()},
        "waves": {name: r.waves / lasted for name, r in world.runtimes.items()},
        "memory": psutil.Process().memory_info().rss,
        "latency": {b: float(np.mean(x)) / SECOND for b, x in world.latencies.items() if x},
        "rows": {i: (n - before.get(i, 0)) / lasted for i, n in _rows(world).items()},
        "tallies": {i: [t.calls / lasted, t.rows / lasted, t.seconds / lasted, *t.line()] for i, t in tallies.items()},
    }


def _longest_window(plan: Plan) -> float:
    """Seconds: when what is said of a first window has been said, all has run once."""
    windows = [n.window for n in plan.nodes if isinstance(n, WindowNode) and n.window.is_shared]
    return max((w.size / SECOND for w in windows), default=0.0)


def _is_short(world: World, began: int, seconds: float) -> bool:
    """Whether it is to be watched for longer."""
    lasted = (world.now - began) / SECOND
    if lasted < seconds:
        return True
    return _used(world) < (MOST if _is_rare(world) else ENOUGH) and lasted < LONGEST


def _used(world: World) -> float:
    return sum(r.used for r in world.runtimes.values())


def _is_rare(world: World) -> bool:
    """Whether the mean delay of some block is not known well yet."""
    outputs = Counter(b for n in world.plan.nodes if isinstance(n, OutputNode) for b in n.blocks)
    return any(_is_unsure(delays, outputs[block]) for block, delays in world.latencies.items())


def _is_unsure(delays: Sequence[int], outputs: int) -> bool:
    """Rows that are told together have one delay, and hardly another one at each further output."""
    different = np.array(sorted(set(delays)))
    if len(different) < TOLD * outputs:
        return True
    error = float(different.std()) / (len(different) / outputs) ** 0.5
    return bool(error > SURE * float(different.mean()))


def _rows(world: World) -> dict[str, int]:
    return {i: n for r in world.runtimes.values() for i, n in r.core.flow.rows.items()}


if __name__ == "__main__":
    numbers, file = map(float, sys.argv[2:5]), "".join(sys.argv[5:6]) or None
    sys.stdout.buffer.write(msgspec.json.encode(main(sys.argv[1], *numbers, calibration=file)))
