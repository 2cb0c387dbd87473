"""What a runtime says of its run when it ends: what came in, what became of it, and what it used of its budget."""

from __future__ import annotations

from typing import TypedDict

import msgspec

from slac.runtime.core import Core
from slac.runtime.source import Source
from slac.shedding.readings import Reading, ResolvedBudget


class InputSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one input in records; `dropped` by reason.

    `read`: what of them was decoded, and `counted`: what was dropped then, but counted by class and group before, which
    `carriers` rows tell on. `ahead`: of a file, dated more than an hour ahead of this machine's clock. `keys`: distinct
    values of what the input's `rate: keys:` declares, seen by this process. `unheard`: how often reading waited while a
    publisher went on, which drops then what nobody counts, and `pressed`: how often it waited while senders waited too,
    or gave up, which is in no count either. `unweighted`: spans of which no sampler says for how many
    they stand, by reason; each counts for itself.
    """

    seen: int
    kept: int
    dropped: dict[str, int]
    quarantined: int
    late: int
    unknown_fields: int
    repeats: int = 0
    read: int = 0
    counted: int = 0
    carriers: int = 0
    ahead: int = 0
    keys: dict[str, int] = {}
    unheard: int = 0
    pressed: int = 0
    unweighted: dict[str, int] = {}


def summarise_input(source: Source) -> InputSummary:
    """The account of one input."""
    counts = source.gate.counts
    return InputSummary(
        seen=counts.seen,
        kept=counts.kept,
        dropped={reason: n for reason, n in counts.dropped.items() if n},
        quarantined=source.quarantined,
        late=source.late,
        unknown_fields=source.unknown_fields,
        repeats=source.repeats,
        read=counts.read,
        counted=counts.counted,
        carriers=counts.carriers,
        ahead=source.ahead,
        keys=source.keys.counts(),
        unheard=source.unheard,
        pressed=source.pressed,
        unweighted=dict(source.unweighted),
    )


class UsageSummary(msgspec.Struct, kw_only=True):
    """Use against budget: CPU in cores, memory in bytes, network in bits a second; of one-second readings."""

    budget: ResolvedBudget
    readings: int = 0
    cpu_mean: float = 0.0
    cpu_peak: float = 0.0
    memory_peak: int = 0
    network_mean: float = 0.0
    network_peak: float = 0.0
    over_budget: int = 0

    def add(self, reading: Reading) -> None:
        """Account for one reading; `over_budget` counts those above the CPU or memory budget."""
        self.readings += 1
        self.cpu_mean += (reading.cpu_cores - self.cpu_mean) / self.readings
        self.cpu_peak = max(self.cpu_peak, reading.cpu_cores)
        self.memory_peak = max(self.memory_peak, reading.memory_bytes)
        self.network_mean += (reading.network_bits - self.network_mean) / self.readings
        self.network_peak = max(self.network_peak, reading.network_bits)
        over = reading.cpu_cores > self.budget.cpu_cores or reading.memory_bytes > self.budget.memory_bytes
        self.over_budget += int(over)


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole account of one runtime; `blocks` are rows that left a node, `published` those that left an output.

    `unpublished` are rows that an output did not take by the end; `kept` says whether a checkpoint has them.
    """

    document: str
    node: str
    instance: str
    seconds: float
    inputs: dict[str, InputSummary]
    blocks: dict[str, int]
    late: dict[str, int]
    published: dict[str, int]
    checkpoints: int
    usage: UsageSummary
    unpublished: dict[str, int] = {}
    kept: bool = False


class Account(TypedDict):
    """What the core tells of a `RunSummary`."""

    inputs: dict[str, InputSummary]
    blocks: dict[str, int]
    late: dict[str, int]


def account_of(core: Core) -> Account:
    """Counts of a core, as they are now."""
    operators = core.flow.operators.items()
    return Account(
        inputs={n: summarise_input(s) for n, s in core.sources.items()},
        blocks={n: c for n, c in core.flow.rows.items() if c},
        late={n: c for n, o in operators if (c := o.statistics().get("late", 0))},
    )


def unpublished_text(summary: RunSummary) -> str:
    """What an output did not take, and what becomes of it, in one sentence; empty where all is published."""
    if not summary.unpublished:
        return ""
    counts = ", ".join(f'"{n}" {c} {"row" if c == 1 else "rows"}' for n, c in summary.unpublished.items())
    if summary.kept:
        return f"not everything is published ({counts}): it is kept with the state, and goes out with the next run."
    return f"not everything is published ({counts}), and it is lost: run with --state DIR to keep it for the next run."
