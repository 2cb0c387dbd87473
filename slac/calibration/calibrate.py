"""The whole measurement: all trials of all kinds, fitted, with the machine that they were taken on."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain

from slac.calibration.fit import Sample, fit
from slac.calibration.footprint import Footprint, footprint
from slac.calibration.measure import LEAST, Timer, Trial, measure
from slac.calibration.subjects import alarms, rim, streams
from slac.shedding.capacity.calibration import Calibration
from slac.shedding.machine import read_machine


def calibrate(
    *, timer: Timer, quick: bool = False, progress: Callable[[str], None] = lambda _: None, own: Footprint | None = None
) -> Calibration:
    """Measure every kind of operator on this machine, in less than a minute (`quick`: in seconds).

    `timer` gives CPU seconds of this process; `progress` is told what is measured; `own` spares the child process
    that measures a bare runtime.
    """
    progress("measuring a bare runtime")
    bare = own or footprint()
    trials = chain(rim(quick=quick), streams(quick=quick), alarms(quick=quick))
    samples = _measured(trials, timer, quick=quick, progress=progress)
    return Calibration(
        machine=read_machine(),
        kinds={kind: fit(found) for kind, found in samples.items()},
        base_memory=bare.base_memory,
        bytes_per_key=bare.bytes_per_key,
        idle_cores=bare.idle_cores,
    )


def _measured(
    trials: Iterable[Trial], timer: Timer, *, quick: bool, progress: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """Samples by kind. The collector rests meanwhile, so that its pauses fall on nobody."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    gc.collect()
    gc.disable()
    try:
        for trial in trials:
            if trial.kind not in samples:
                progress(f"measuring {trial.kind}")
            repeats, least = (2, LEAST / 10) if quick else (3, LEAST)
            samples[trial.kind].append(measure(trial, timer, repeats=repeats, least=least))
    finally:
        gc.enable()
    return dict(samples)
