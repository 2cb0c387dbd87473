"""What a runtime says of itself that has nothing to tell; a test replaces what it is about."""

from __future__ import annotations

from slac.runtime.inspection.status import RuntimeStatus
from slac.shedding.readings import ResolvedBudget

SOMEBODY = RuntimeStatus(
    document="shop",
    digest="ab",
    meaning="cd",
    node="central",
    instance="one",
    pid=1,
    slac="0.1.0",
    started=0,
    now=60_000_000,
    live=True,
    finished=False,
    inputs={},
    blocks={},
    peers={},
    sending=None,
    outputs={},
    checkpoint=0,
    checkpoint_taken=None,
    reading=None,
    budget=ResolvedBudget(cpu_cores=0.6, memory_bytes=1_000),
)
