"""A log with drops and a crash in it, run again: `python -m benchmarks.evidence.again CASE EVENTS` prints JSON.

Both times are CPU seconds of the thread that works: of the run with its log, and of the replay from opening the log to
the last row, before it is compared.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.engine.cases import BY_NAME
from benchmarks.engine.subject import Subject
from benchmarks.evidence.worker import MEMORY, logged
from slac.evidence.log import open_logs
from slac.evidence.log.feed import steps
from slac.evidence.recorder import RunLog
from slac.evidence.replay import replay_same
from slac.evidence.replay.same import Walk
from slac.plan.graph import Plan
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core

KEPT: Final = 0.5
"""The gate lets so much through, from the first third on."""


class _Run:
    """A core with its log, which is lost and comes back."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self.plan, self.directory = plan, directory
        self.begin(0)

    def begin(self, restored: int) -> None:
        self.core = Core(self.plan, now=0, live=False)
        name = self.plan.data.placements[0].name
        self.book = RunLog(self.plan, node=name, instance="it", directory=self.directory, memory=MEMORY)
        self.book.begin(self.core.flow, live=False, start=None, restored=restored, now=0)


def live(subject: Subject, plan: Plan, directory: Path) -> float:
    """All waves; a checkpoint in the middle, and a crash some waves behind it."""
    run, waves, saved, since = _Run(plan, directory), subject.fed, None, 0
    began = time.thread_time()
    turn = 0
    crashed = False
    while turn < len(waves):
        if turn == len(waves) // 3:
            for source in run.core.sources.values():
                run.book.decided(source.gate.set_admission(KEPT, "cpu", {}))
        for block, records in waves[turn]:
            run.core.enter_records(block, [records])
        run.book.look(run.core.carry(0), turn)
        if turn == len(waves) // 2 and not crashed:
            saved, since = pack(run.core.snapshot()), turn + 1
            run.book.saved(1)
        turn += 1
        if saved is not None and not crashed and turn == since + max(len(waves) // 10, 1):
            crashed, turn = True, since
            run.book.close()
            run.begin(1)
            run.core.restore(unpack(saved), 0)
    for block in subject.files:
        run.book.look(run.core.on_input_ended(block), len(waves))
    taken = time.thread_time() - began
    run.book.close()
    return taken


def main(case: str, events: int) -> None:
    """Run, run again, and compare all rows."""
    subject = Subject(BY_NAME[case], events)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ran = live(subject, logged(subject.plan, "full"), directory)
        [log] = open_logs([directory / "var" / "log"])
        began = time.thread_time()
        walk = Walk(log, None, None, lambda _: None, lambda _, __: None)
        for step in steps(log):
            walk.take(step)
        walk.finish()
        again = time.thread_time() - began
        found = replay_same(log)
    told: dict[str, Any] = {
        "live": ran,
        "again": again,
        "events": found.events,
        "runs": found.runs,
        "same": [o.difference for o in found.outcomes if not o.same] == [],
        "rows": sum(o.logged for o in found.outcomes),
        "gaps": list(found.gaps),
    }
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
