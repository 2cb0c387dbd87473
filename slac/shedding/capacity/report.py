"""What a capacity report says: plain frozen records, for a table and for JSON alike."""

from __future__ import annotations

from typing import Literal

import msgspec

from slac.shedding.machine import Machine
from slac.shedding.readings import ResolvedBudget

Resource = Literal["cpu", "memory", "network"]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What is used at one load: CPU seconds a second, bytes held, bits a second."""

    cpu_cores: float
    memory_bytes: float
    network_bits: float


class BlockReport(msgspec.Struct, frozen=True, kw_only=True):
    """One block on one node: rows a second in and out at the normal rates, and what it needs there and at the burst."""

    block: str
    node: str
    rows_in: float
    rows_out: float
    normal: Need
    burst: Need


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """The highest load that fits a node: `factor` times the normal rates, which is `rate` events a second in all.

    `resource` breaks first, and `block` uses most of it (None: the runtime itself). A factor of None fits whatever
    comes, as far as the model looks.
    """

    factor: float | None
    rate: float | None
    resource: Resource | None
    block: str | None


class NodeReport(msgspec.Struct, frozen=True, kw_only=True):
    """One runtime of a node: its budget on this machine, what it needs, itself included, and the most that fits."""

    node: str
    budget: ResolvedBudget
    runtime: Need
    normal: Need
    burst: Need
    limit: Limit


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


class CapacityReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a document needs, before it runs. `has_burst`: some input declares a burst rate."""

    document: str
    has_burst: bool
    nodes: tuple[NodeReport, ...]
    blocks: tuple[BlockReport, ...]
    excesses: tuple[Excess, ...]
    assumed: Assumed

    @property
    def fits(self) -> bool:
        """Whether every budget holds, at the normal and at the burst rates."""
        return not self.excesses

    @property
    def total(self) -> Need:
        """What all nodes need together at the normal rates, one runtime of each."""
        return Need(
            cpu_cores=sum(n.normal.cpu_cores for n in self.nodes),
            memory_bytes=sum(n.normal.memory_bytes for n in self.nodes),
            network_bits=sum(n.normal.network_bits for n in self.nodes),
        )
