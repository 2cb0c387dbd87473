"""Why of a violation among many logged rows: `python -m benchmarks.evidence.asking EVENTS` prints JSON."""

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
from benchmarks.evidence.worker import logged, one_pass
from slac.evidence.log import open_logs
from slac.evidence.why import as_text, find
from slac.evidence.why.answer import answer

TURNS: Final = 5


def main(events: int) -> None:
    """The latest report of the audit, and what led to it, from an open log to the text."""
    subject = Subject(BY_NAME["audit"], events)
    with tempfile.TemporaryDirectory() as directory:
        one_pass(subject, logged(subject.plan, "full"), Path(directory))
        place = Path(directory) / "var" / "log"
        rows = sum(p.rows for log in open_logs([place]) for s in log.segments for p in s.parts if p.kind == "rows")
        taken = [_asked(place) for _ in range(TURNS)]
    sys.stdout.buffer.write(msgspec.json.encode({"rows": rows, "seconds": statistics.median(taken)}))


def _asked(place: Path) -> float:
    began = time.perf_counter()
    logs = open_logs([place])
    plan = logs[0].plan
    audit = next(n.block for n in plan.nodes if n.__struct_config__.tag == "audit")
    explained, _ = answer(logs, plan, find(logs, plan, audit))
    as_text(explained)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]))
