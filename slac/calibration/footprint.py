"""What a runtime holds and uses by itself: measured in a process of its own, which prints it as JSON.

`python -m slac.calibration.footprint`: only a fresh process shows what a bare runtime is, without a compiler in it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import msgspec

from slac.diagnostics import RunFailed

KEYS: Final = 200_000
STEPS_A_SECOND: Final = 4
"""How often a runtime without input looks at its meter."""


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What a runtime is without any load.

    `base_memory`: bytes when it has worked a little; `bytes_per_key`: resident growth by a windowed key, beyond its
    columns; `idle_cores`: CPU seconds a second of its control loop.
    """

    base_memory: int
    bytes_per_key: float
    idle_cores: float


def footprint() -> Footprint:
    """Measure in a child process; RunFailed where that does not work."""
    done = subprocess.run([sys.executable, "-m", "slac.calibration.footprint"], capture_output=True, check=False)
    try:
        return msgspec.json.decode(done.stdout, type=Footprint)
    except msgspec.DecodeError as error:
        raise RunFailed(f"the footprint of a runtime could not be measured: {done.stderr.decode()[-500:]}") from error


def _measure() -> Footprint:
    import gc
    import time

    import psutil

    import slac.adapters.inputs.http
    import slac.adapters.outputs.webhook
    import slac.runtime.shell.process  # noqa: F401 - their memory is what is measured
    from slac.calibration.expressions import AGGREGATES
    from slac.calibration.rows import batch
    from slac.calibration.subjects.rim import rim
    from slac.calibration.subjects.streams import window
    from slac.runtime.operator import OperatorContext
    from slac.runtime.operators.build import build_operator
    from slac.shedding.capacity.model import ACCUMULATOR
    from slac.shedding.controller import Controller
    from slac.shedding.offers import InputLoad
    from slac.shedding.meter import Meter, ProcessReader
    from slac.shedding.readings import ResolvedBudget
    from slac.stream.batch import Batch

    own = psutil.Process()
    calls = AGGREGATES[:2]
    operator = build_operator(window("whole", calls), OperatorContext(document="calibration"))
    # Allocators keep what a first batch of ordinary size took: a runtime that has worked is larger than a fresh one.
    for trial in rim(quick=True):
        trial.prepare()()
    operator.on_batch(0, Batch(batch(10_000, 100, 0)))
    gc.collect()
    base = own.memory_info().rss
    frame = batch(KEYS, KEYS, 1)
    before = own.memory_info().rss
    operator.on_batch(0, Batch(frame))
    grown = own.memory_info().rss - before
    meter, controller = Meter(ProcessReader()), Controller(ResolvedBudget(cpu_cores=1.0, memory_bytes=1 << 40))
    rounds, began = 50, time.process_time()
    for n in range(rounds):
        reading = meter.read(n * 1_000_000 // STEPS_A_SECOND)
        controller.decide(reading, {"i": InputLoad(seen=n, kept=n)})
    step = (time.process_time() - began) / rounds
    return Footprint(
        base_memory=base,
        bytes_per_key=max(grown / KEYS - ACCUMULATOR * len(calls), 0.0),
        idle_cores=STEPS_A_SECOND * step,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_measure()))
