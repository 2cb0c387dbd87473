"""What of a log can be run again: the segments that are full, and what is missing before them."""

from __future__ import annotations

import copy

from slac.diagnostics import UsageError
from slac.evidence.log.reader import LogDirectory


def full_part(log: LogDirectory) -> tuple[LogDirectory, tuple[str, ...]]:
    """The log from where on it is full, and in sentences what is missing. UsageError where no segment is."""
    full = [s for s in log.segments if s.header.mode == "full"]
    if not full:
        raise UsageError(
            f"{log.place} holds only what verdicts were made of, which `slac why` shows; what is run again must be full"
        )
    gaps: list[str] = []
    less = len(log.segments) - len(full)
    if less:
        gaps.append(f"{less} segments hold only what verdicts were made of, and are left out")
    first = full[0].header
    if first.number != first.run:
        gaps.append("the log begins in the middle of a run: what the blocks held then is not in it")
    part = copy.copy(log)
    part.segments = full
    return part, tuple(gaps)
