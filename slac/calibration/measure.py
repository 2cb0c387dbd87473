"""Taking CPU time: the best of a few runs, each long enough for the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from slac.calibration.fit import Sample
from slac.shedding.capacity.calibration import Work

Timer = Callable[[], float]
"""CPU seconds of this process up to now, all threads."""

LEAST: Final = 0.02
"""A measurement shorter than this (s) would say more about the clock's grain and the caches than about the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Something to measure: `prepare` builds it fresh and returns what is then timed; `work` is what one run does."""

    kind: str
    work: Work
    prepare: Callable[[], Callable[[], object]]


def measure(trial: Trial, timer: Timer, *, repeats: int, least: float = LEAST) -> Sample:
    """The lowest CPU time of `repeats` runs: what is above it was the machine's, not the work's.

    One run repeats the work until it has taken `least` seconds.
    """
    trial.prepare()()
    times = [_run(trial, timer, least) for _ in range(repeats)]
    return Sample(work=trial.work, seconds=max(min(times), 1e-9))


def _run(trial: Trial, timer: Timer, least: float) -> float:
    spent, runs = 0.0, 0
    while spent < least:
        action = trial.prepare()
        before = timer()
        action()
        spent += timer() - before
        runs += 1
    return spent / runs
