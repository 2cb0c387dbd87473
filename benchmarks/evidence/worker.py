"""One case in a process of its own: `python -m benchmarks.evidence.worker CASE RUNS` prints CPU seconds by mode."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.engine.cases import BY_NAME
from benchmarks.engine.subject import Subject
from slac.evidence.recorder import RunLog
from slac.plan.graph import Plan
from slac.runtime.core import Core

MODES: Final = ("off", "evidence", "full")
MEMORY: Final = 1 << 32


def logged(plan: Plan, mode: str) -> Plan:
    """The plan as if its document said so."""
    logging = msgspec.structs.replace(plan.data.logging, mode=mode, max_size=1 << 32)
    return Plan(msgspec.structs.replace(plan.data, logging=logging))


def one_pass(subject: Subject, plan: Plan, directory: Path) -> dict[str, float]:
    """All waves through a core of its own, with its log until that is closed: CPU seconds of the run, and of all."""
    core = Core(plan, now=0, live=False)
    (placement,) = plan.data.placements
    began, all_began = time.thread_time(), time.process_time()
    book = RunLog(plan, node=placement.name, instance="it", directory=directory, memory=MEMORY)
    book.begin(core.flow, live=False, start=None, restored=0, now=0)
    for turn, wave in enumerate(subject.fed):
        for block, records in wave:
            core.enter_records(block, [records])
        book.look(core.carry(0), turn)
    for block in subject.files:
        book.look(core.on_input_ended(block), len(subject.fed))
    taken = time.thread_time() - began
    book.close()
    return {"run": taken, "all": time.process_time() - all_began}


def main(case: str, runs: int) -> None:
    """Modes in turns; the first round is not counted."""
    subject = Subject(BY_NAME[case], BY_NAME[case].events)
    plans = {mode: logged(subject.plan, mode) for mode in MODES}
    taken: dict[str, dict[str, list[float]]] = {what: {mode: [] for mode in MODES} for what in ("run", "all")}
    for turn in range(runs + 1):
        for mode in MODES:
            with tempfile.TemporaryDirectory() as directory:
                measured = one_pass(subject, plans[mode], Path(directory))
            for what, seconds in measured.items() if turn else ():
                taken[what][mode].append(seconds)
    medians = {what: {mode: statistics.median(times) for mode, times in by.items()} for what, by in taken.items()}
    sys.stdout.buffer.write(msgspec.json.encode(medians))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
