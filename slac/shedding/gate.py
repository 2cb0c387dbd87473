"""The gate: the only place where events are dropped.

An event is kept iff `splitmix64(id ^ salt)` lies under a threshold, so the choice depends on the event alone: not on
batches, not on processes, and the sample of a smaller fraction is a part of the sample of a larger one. The threshold
changes only through a decision that is recorded with its position, so a replay makes the same choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.batch import WEIGHT_ONE
from slac.stream.ids import admit

Reason = Literal["cpu", "memory", "network", "refused", "recovered"]
DROP_REASONS: Final = ("cpu", "memory", "network", "refused")
LOWEST_FRACTION: Final = 2.0**-10
"""Below this a sample says too little; what is still too much is refused instead."""

Ids = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


class GateDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one gate's threshold, with all that led to it.

    It holds from the record `positions[source]` (sequence number) of every source on; a source that is not named is
    governed from its first record. `threshold` is compared with 64-bit hashes, None where all are kept.
    """

    input: str
    fraction: float
    threshold: int | None
    weight: int
    reason: Reason
    at: int | None = None
    readings: Reading | None = None
    targets: ResolvedBudget | None = None
    positions: dict[str, int] = {}


@dataclass(slots=True)
class Counts:
    """What became of the records of one input: `seen` = `kept` + those dropped here; a refused one was never taken."""

    seen: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DROP_REASONS, 0))


class Gate:
    """Random drop on one input; `salt` (64 bits) makes gates independent of each other."""

    def __init__(self, input: str, salt: int) -> None:  # noqa: A002 - the word of the language
        self.input = input
        self.counts = Counts()
        self._salt = salt & 0xFFFF_FFFF_FFFF_FFFF
        self._decision = GateDecision(input=input, fraction=1.0, threshold=None, weight=WEIGHT_ONE, reason="recovered")

    @property
    def fraction(self) -> float:
        """The share of events that is admitted now, over 0 and at most 1."""
        return self._decision.fraction

    @property
    def decision(self) -> GateDecision:
        """What holds now."""
        return self._decision

    def weight(self) -> int:
        """What one kept event stands for, in multiples of 2⁻²⁰ (2²⁰ where nothing is dropped)."""
        return self._decision.weight

    def admit_ids(self, ids: Ids) -> Mask | None:
        """Which of the events with these ids (UInt64) to keep; None when it is all of them. Counts them."""
        self.counts.seen += len(ids)
        threshold = self._decision.threshold
        if threshold is None:
            self.counts.kept += len(ids)
            return None
        mask = admit(ids, self._salt, threshold)
        kept = int(mask.sum())
        self.counts.kept += kept
        self.counts.dropped[self._decision.reason] += len(ids) - kept
        return mask

    def refuse(self, count: int) -> None:
        """Count records that were not taken at all (the sender was told so, and may come again)."""
        self.counts.dropped["refused"] += count

    def set_admission(
        self,
        fraction: float,
        reason: Reason,
        at_sequence: Mapping[str, int],
        *,
        at: int | None = None,
        readings: Reading | None = None,
        targets: ResolvedBudget | None = None,
    ) -> GateDecision:
        """Admit `fraction` of what comes from here on; returns the decision, to be recorded.

        `at_sequence`: source → sequence number of its next record. `at`: wall clock, µs. A fraction below 2⁻¹⁰
        counts as 2⁻¹⁰; ValueError where it is not between 0 and 1.
        """
        weight, threshold = _weight_and_threshold(fraction)
        decision = GateDecision(
            input=self.input,
            fraction=WEIGHT_ONE / weight,
            threshold=threshold,
            weight=weight,
            reason="recovered" if threshold is None else reason,
            at=at,
            readings=readings,
            targets=targets,
            positions=dict(at_sequence),
        )
        return self.apply(decision)

    def apply(self, decision: GateDecision) -> GateDecision:
        """Let a recorded decision hold from here on (replay); ValueError when it is another gate's."""
        if decision.input != self.input:
            raise ValueError(f'a decision of the gate of "{decision.input}" cannot hold at that of "{self.input}"')
        self._decision = decision
        return decision

    def snapshot(self) -> dict[str, Any]:
        """What `restore` needs, JSON-able."""
        counts = self.counts
        return {
            "decision": msgspec.to_builtins(self._decision),
            "seen": counts.seen,
            "kept": counts.kept,
            "dropped": dict(counts.dropped),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a snapshot of the same input's gate."""
        self.apply(msgspec.convert(state["decision"], GateDecision))
        self.counts = Counts(seen=state["seen"], kept=state["kept"], dropped=dict(state["dropped"]))


def _weight_and_threshold(fraction: float) -> tuple[int, int | None]:
    """The weight is rounded first and the threshold made to fit it, so that kept × weight stays unbiased."""
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"an admission fraction lies between 0 and 1: {fraction}")
    weight = round(WEIGHT_ONE / max(fraction, LOWEST_FRACTION))
    if weight == WEIGHT_ONE:
        return WEIGHT_ONE, None
    return weight, (WEIGHT_ONE << 64) // weight
