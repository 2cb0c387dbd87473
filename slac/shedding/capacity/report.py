"""What a capacity report says: plain frozen records, for a table and for JSON alike."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from slac.shedding.machine import Machine
from slac.shedding.readings import ResolvedBudget

REPORT_VERSION: Final = 1
Resource = Literal["cpu", "memory", "network"]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What is used at one load: CPU seconds a second, bytes held, bits a second."""

    cpu_cores: float
    memory_bytes: float
    network_bits: float


class BlockReport(msgspec.Struct, frozen=True, kw_only=True):
    """One block on one node: rows a second in and out at the normal rates, and what it needs there and at the burst.

    `holds`: keys, groups, rows or partial matches that it holds; `timers`: how many of them wait for an instant.
    `largest_key`: the share of its rows that one key has, where keys are declared to be uneven: by key, no more than
    1 / `largest_key` instances are worth their while.
    """

    block: str
    node: str
    rows_in: float
    rows_out: float
    normal: Need
    burst: Need
    holds: float = 0.0
    timers: float = 0.0
    largest_key: float | None = None


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """The highest load that fits a node: `factor` times the normal rates, which is `rate` events a second in all.

    `resource` breaks first, and `block` uses most of it (None: the runtime itself). A factor of None fits whatever
    comes, as far as the model looks.
    """

    factor: float | None
    rate: float | None
    resource: Resource | None
    block: str | None


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What a burst heaps up that lasts for `lasts` seconds: `rows` at its end, of which the last waits for `delay`.

    `drains`: seconds until nothing waits any more. None: never, at the normal rate.
    """

    lasts: float
    rows: float
    delay: float | None
    drains: float | None


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, on the mean, until rows of a block are published.

    `after`: from what a row is about (its event, or the end of its window) on; `window`: from an event to the end of
    the window that says it, half of its size; `settles`: for how long a condition must hold before it counts, or a
    trace be quiet before it is over.
    """

    after: float
    window: float = 0.0
    settles: float = 0.0

    @property
    def total(self) -> float:
        """From the event to the publication."""
        return self.after + self.window + self.settles


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A block that an output publishes, and how soon. `burst`: at the end of the burst, with what waits by then."""

    block: str
    normal: Detection
    burst: Detection


class Prospect(msgspec.Struct, frozen=True, kw_only=True):
    """What a shed contract gives at `load` times the normal rate, of which a share is `admitted`.

    `error`: the relative error to be expected of COUNT, SUM, AVG and ratios in `confidence` of the windows; `bound`:
    the one that Hoeffding's inequality guarantees. `evaluated`: the share of windows or keys that are evaluated at all
    (`subset`). `waits`: nothing is dropped, since what is not admitted waits with its sender. `disk_lasts`: seconds
    until the disk of a `never` is full. `holds`: whether the contract is kept.
    """

    block: str
    input: str
    contract: str
    load: float
    admitted: float
    confidence: float
    error: float
    bound: float
    holds: bool
    evaluated: float = 1.0
    disk_lasts: float | None = None
    waits: bool = False


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What holds `load` times the normal rates: instances by node that reads inputs, and levels of merging behind them.

    0 instances: no number does. `levels`: 1 where instances send to the next node as they are; 0: no tree of them
    helps; None where there are no instances that fit.
    """

    load: float
    instances: dict[str, int]
    levels: int | None


class NodeReport(msgspec.Struct, frozen=True, kw_only=True):
    """One runtime of a node: its budget on this machine, what it needs, itself included, and the most that fits.

    `waves`: how often a second it works off what has come in, at the normal rates. `log_bytes`: what it writes to its
    log a second. `backlog`: None where none of its inputs declares a burst.
    """

    node: str
    budget: ResolvedBudget
    runtime: Need
    normal: Need
    burst: Need
    limit: Limit
    waves: float = 0.0
    log_bytes: float = 0.0
    backlog: Backlog | None = None


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """A budget that does not hold: at which load, of what, by how much, and which block needs most of it."""

    node: str
    load: Literal["normal", "burst"]
    resource: Resource
    need: float
    budget: float
    block: str | None


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures rest on: how well the costs were fitted, on which machine, and what had to be assumed."""

    machine: Machine
    calibrated_on: Machine
    fit_error: float
    notes: tuple[str, ...]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A document: what its nodes need together, one runtime of each, and the factor on all rates that fits all of them.

    `node` is the one on which `resource` breaks first; a factor of None fits whatever comes, as far as the model looks.
    """

    normal: Need
    burst: Need
    factor: float | None
    node: str | None = None
    resource: Resource | None = None


class CapacityReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a document needs, before it runs. `has_burst`: some input declares a burst rate.

    `what_if`: what was assumed in place of what the document says. The shape is a promise: fields are added, never
    renamed or removed without a new `version`.
    """

    version: int = REPORT_VERSION
    document: str
    what_if: str | None = None
    has_burst: bool
    whole: Whole
    nodes: tuple[NodeReport, ...]
    blocks: tuple[BlockReport, ...]
    excesses: tuple[Excess, ...]
    published: tuple[Published, ...] = ()
    prospects: tuple[Prospect, ...] = ()
    growths: tuple[Growth, ...] = ()
    assumed: Assumed

    @property
    def fits(self) -> bool:
        """Whether every budget holds, at the normal and at the burst rates."""
        return not self.excesses

    @property
    def total(self) -> Need:
        """What all nodes need together at the normal rates, one runtime of each."""
        return self.whole.normal
