"""What of a log can be run again: the segments that are full, and what is missing before them."""

from __future__ import annotations

import copy

from slac.diagnostics import UsageError
from slac.evidence.log.reader import LogDirectory


def in_the_middle(log: LogDirectory) -> tuple[str, ...]:
    """In a sentence that the log begins while its runtime is at work: for who cannot begin with what blocks held."""
    first = log.segments[0].header
    if first.number == first.run and first.whole:
        return ()
    return (f"{log.place.name} begins in the middle of a run: what the blocks held then is left alone",)


def full_part(log: LogDirectory) -> tuple[LogDirectory, tuple[str, ...]]:
    """The segments that are full, and in a sentence what is left out. UsageError where no segment is full."""
    full = [s for s in log.segments if s.header.mode == "full"]
    if not full:
        raise UsageError(
            f"{log.place} holds only what verdicts were made of, which `slac why` shows, and `slac replay` "
            "without a document makes again; what is run through a document must be full"
        )
    less = len(log.segments) - len(full)
    part = copy.copy(log)
    part.segments = full
    if not less:
        return part, ()
    hold, are = ("holds", "is") if less == 1 else ("hold", "are")
    return part, (
        f"{less} segment{'' if less == 1 else 's'} {hold} only what verdicts were made of, and {are} left out",
    )
