"""What a runtime holds and uses by itself: measured in a process of its own, which prints it as JSON.

`python -m slac.calibration.footprint`: only a fresh process shows what a bare runtime is, without a compiler in it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

import msgspec
import networkx as nx
import polars as pl

from slac.diagnostics import RunFailed
from slac.plan.graph import Plan, PlanData
from slac.plan.nodes import SourceNode

KEYS: Final = 200_000
STEPS_A_SECOND: Final = 4
"""What a runtime without input does in a second, in looks at its meter: control, ticks, signs of life of links."""
WINDOW: Final = "counts"
"""The window of `subject.yaml` that is filled with keys."""
RATE: Final = 500.0
SECONDS: Final = 3.0
"""Events a second of each input, and for how long, until a runtime is no longer a fresh one."""


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What a runtime is without any load.

    `base_memory`: bytes when it has worked a little; `node_memory`: what each node adds, its state apart;
    `bytes_per_key`: resident growth by a windowed key, beyond its columns; `idle_cores`: CPU seconds a second of its
    control loop.
    """

    base_memory: int
    node_memory: float = 0.0
    bytes_per_key: float
    idle_cores: float


def footprint(plan: Plan) -> Footprint:
    """Measure in a child process that runs `plan` for a while; RunFailed where that does not work."""
    data = msgspec.json.encode(plan.data)
    command = [sys.executable, "-m", "slac.calibration.footprint"]
    done = subprocess.run(command, input=data, capture_output=True, check=False)  # noqa: S603 - it is ourselves
    try:
        return msgspec.json.decode(done.stdout, type=Footprint)
    except msgspec.DecodeError as error:
        raise RunFailed(f"the footprint of a runtime could not be measured: {done.stderr.decode()[-500:]}") from error


def _measure(plan: Plan) -> Footprint:
    import gc
    import time

    import psutil

    import slac.adapters.inputs.http
    import slac.adapters.outputs.webhook
    import slac.runtime.shell.process  # noqa: F401 - their memory is what is measured
    from slac.calibration.feeds import feeds
    from slac.calibration.world import World

    own = psutil.Process()
    # Allocators keep what a first batch of ordinary size took: a runtime that has worked is larger than a fresh one.
    sizes = []
    for part in (_few(plan), plan):
        names = {n.block for n in part.nodes if isinstance(n, SourceNode)}
        makers = {name: feed for name, feed in feeds().items() if name in names}
        World(part, makers, dict.fromkeys(makers, RATE), time.process_time).run(SECONDS)
        gc.collect()
        sizes.append((len(part.nodes), own.memory_info().rss))
    (few, small), (all_of_them, large) = sizes
    per_node = max(large - small, 0) / max(all_of_them - few, 1)
    return Footprint(
        base_memory=int(small - few * per_node),
        node_memory=per_node,
        bytes_per_key=_bytes_per_key(plan, own),
        idle_cores=_idle(time),
    )


def _few(plan: Plan) -> Plan:
    """One window and its input, and nothing else."""
    wanted = nx.ancestors(plan.graph, WINDOW) | {WINDOW}
    return Plan(msgspec.structs.replace(plan.data, nodes=tuple(n for n in plan.nodes if n.id in wanted)))


def _bytes_per_key(plan: Plan, own: Any) -> float:
    """How much a window grows by each key, beyond its accumulators."""
    from slac.runtime.operator import OperatorContext
    from slac.runtime.operators.build import build_operator
    from slac.shedding.capacity.model import ACCUMULATOR
    from slac.stream.batch import ID, TIME, TIME_TYPE, Batch

    node = plan[WINDOW]
    operator = build_operator(node, OperatorContext(document="calibration"))
    numbers = pl.int_range(KEYS, eager=True)
    frame = pl.DataFrame(
        {
            TIME: pl.zeros(KEYS, pl.Int64, eager=True).cast(TIME_TYPE),
            ID: numbers.cast(pl.UInt64),
            "key": pl.select(pl.format("key-{}", numbers)).to_series(),
            "value": numbers.cast(pl.Float64),
        }
    )
    before = own.memory_info().rss
    operator.on_batch(0, Batch(frame))
    grown = own.memory_info().rss - before
    return float(max(grown / KEYS - ACCUMULATOR * len(getattr(node, "aggregates", ())), 0.0))


def _idle(time: Any) -> float:
    """CPU seconds a second of the control loop."""
    from slac.shedding.controller import Controller
    from slac.shedding.meter import Meter, ProcessReader
    from slac.shedding.offers import InputLoad
    from slac.shedding.readings import ResolvedBudget

    meter, controller = Meter(ProcessReader()), Controller(ResolvedBudget(cpu_cores=1.0, memory_bytes=1 << 40))
    rounds, began = 50, time.process_time()
    for n in range(rounds):
        reading = meter.read(n * 1_000_000 // STEPS_A_SECOND)
        controller.decide(reading, {"i": InputLoad(seen=n, kept=n)})
    return STEPS_A_SECOND * float(time.process_time() - began) / rounds


if __name__ == "__main__":
    data = msgspec.json.decode(sys.stdin.buffer.read(), type=PlanData)
    sys.stdout.buffer.write(msgspec.json.encode(_measure(Plan(data))))
