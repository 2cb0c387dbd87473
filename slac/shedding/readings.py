"""What is measured and what it is held against: the two records that every decision about load carries with it."""

from __future__ import annotations

import msgspec


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a runtime used, as the mean of the last second, at wall-clock instant `at` (µs).

    `cpu_cores`: CPU seconds a second; `memory_bytes`: resident now; `network_bits`: bits a second, both directions.
    `demanded_bits`: what would cross the network if all that was made in that second left in it, None where that is
    not known: what waits for a peer that was away crosses it later, and is not to be made good by dropping.
    """

    at: int
    cpu_cores: float
    memory_bytes: int
    network_bits: float = 0.0
    demanded_bits: float | None = None


class ResolvedBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget in absolute numbers on one machine; `network_bits` (bits a second) is None where nothing bounds it."""

    cpu_cores: float
    memory_bytes: int
    network_bits: float | None = None
