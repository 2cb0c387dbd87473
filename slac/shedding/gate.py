"""The gate: the only place where events are dropped.

A record is decoded iff `splitmix64(id ^ salt)` lies under a threshold, so the choice depends on the record alone: not
on batches, not on processes, and the sample of a smaller fraction is a part of the sample of a larger one. What is
decoded is sifted once more by class, group and key (`slac.runtime.gates`). Both change only through a decision that is
recorded with its position, so a replay makes the same choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from slac.shedding.admission import LOWEST_FRACTION as LOWEST_FRACTION  # noqa: PLC0414 - with the gate it belongs to
from slac.shedding.admission import OPEN, Admission, threshold_of, weight_of
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.batch import WEIGHT_ONE
from slac.stream.ids import admit, format_id, hash_text, salted

Reason = Literal["cpu", "memory", "network", "refused", "recovered"]
DROP_REASONS: Final = ("cpu", "memory", "network", "refused")

Ids = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


class GateDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what one gate admits, with all that led to it.

    `id` (16 hex digits) names it, `number` counts the decisions of the gate. It holds from the record
    `positions[source]` (sequence number) of every source on; a source that is not named is governed from its first
    record. `fraction` is the share of the events that is expected to pass. `threshold` and `weight` are those of
    records before they are decoded (None: all are), compared with 64-bit hashes; `admission` has all the rest. `error`:
    the largest relative error that was planned for (0.05: 5 %), over all contracts, each at its confidence; above 1 no
    bound can be held. None where nothing is to be estimated.
    """

    input: str
    fraction: float
    threshold: int | None
    weight: int
    reason: Reason
    id: str = ""
    number: int = 0
    admission: Admission = OPEN
    error: float | None = None
    at: int | None = None
    readings: Reading | None = None
    targets: ResolvedBudget | None = None
    positions: dict[str, int] = {}


@dataclass(slots=True)
class Counts:
    """What became of the records of one input: `seen` = `kept` + those dropped here; a refused one was never taken.

    `read`: those that were decoded. `counted`: those that were dropped, but counted by class and group before; rows
    that carry such counts are `carriers`.
    """

    seen: int = 0
    kept: int = 0
    read: int = 0
    counted: int = 0
    carriers: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DROP_REASONS, 0))


class Gate:
    """Random drop on one input; `salt` (64 bits) makes gates independent of each other."""

    def __init__(self, input: str, salt: int) -> None:  # noqa: A002 - the word of the language
        self.input = input
        self.counts = Counts()
        self._salt = salt & 0xFFFF_FFFF_FFFF_FFFF
        self._reason: Reason = "cpu"
        self._highest = WEIGHT_ONE
        self._decision = GateDecision(input=input, fraction=1.0, threshold=None, weight=WEIGHT_ONE, reason="recovered")

    @property
    def fraction(self) -> float:
        """The share of events that is admitted now, over 0 and at most 1."""
        return self._decision.fraction

    @property
    def decision(self) -> GateDecision:
        """What holds now."""
        return self._decision

    def taken_highest(self) -> int:
        """The highest weight of what is dropped unread since this was asked last, also if nothing passed under it."""
        highest, self._highest = self._highest, self._decision.admission.unread
        return highest

    def weight(self) -> int:
        """What one kept event stands for, in multiples of 2⁻²⁰ (2²⁰ where nothing is dropped)."""
        return self._decision.weight

    def admit_ids(self, ids: Ids, may: Callable[[int], Mask | None] | None = None) -> Mask | None:
        """Which of the events with these ids (UInt64) to keep; None when it is all of them. Counts them.

        `may`: by class which of them may be of it (None: all), where classes are told apart before they are decoded.
        """
        self.counts.seen += len(ids)
        threshold = self._decision.threshold
        if threshold is None:
            self.counts.kept += len(ids)
            self.counts.read += len(ids)
            return None
        hashed = salted(ids, self._salt)
        mask = admit(hashed, threshold)
        for one, weight in self._decision.admission.hoisted.items():
            more, among = admit(hashed, threshold_of(weight)), None if may is None else may(one)
            mask |= more if among is None else more & among
        kept = int(mask.sum())
        self.counts.kept += kept
        self.counts.read += kept
        self.counts.dropped[self._decision.reason] += len(ids) - kept
        return mask

    def drop(self, count: int, *, counted: bool, carriers: int) -> None:
        """Account for events that were dropped behind the decoder, and for the rows that carry their counts."""
        self.counts.kept -= count
        # By event time what held before a recovery goes on for events from before it.
        self.counts.dropped[self._reason] += count
        self.counts.counted += count if counted else 0
        self.counts.carriers += carriers

    @property
    def salt(self) -> int:
        """64 bits by which this gate differs from all others."""
        return self._salt

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
        admission: Admission | None = None,
        error: float | None = None,
    ) -> GateDecision:
        """Admit `fraction` of what comes from here on; returns the decision, to be recorded.

        `at_sequence`: source → sequence number of its next record. `at`: wall clock, µs. `admission`: how, unless by
        whole records. A fraction below 2⁻¹⁰ counts as 2⁻¹⁰; ValueError where it is not between 0 and 1.
        """
        weight = weight_of(fraction) if admission is None else admission.unread
        chosen = Admission(unread=weight) if admission is None else admission
        number = self._decision.number + 1
        decision = GateDecision(
            input=self.input,
            id=format_id(hash_text(f"{self._salt:016x}", self.input, str(number))),
            number=number,
            fraction=WEIGHT_ONE / weight if admission is None else fraction,
            threshold=threshold_of(weight),
            weight=weight,
            admission=chosen,
            error=error,
            reason="recovered" if chosen.is_open else reason,
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
        self._highest = max(self._highest, decision.admission.unread)
        self._reason = self._reason if decision.reason == "recovered" else decision.reason
        return decision

    def snapshot(self) -> dict[str, Any]:
        """What `restore` needs, JSON-able."""
        counts = self.counts
        return {
            "decision": msgspec.to_builtins(self._decision),
            "seen": counts.seen,
            "kept": counts.kept,
            "read": counts.read,
            "counted": counts.counted,
            "carriers": counts.carriers,
            "dropped": dict(counts.dropped),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a snapshot of the same input's gate."""
        self.apply(msgspec.convert(state["decision"], GateDecision))
        whole = {name: state[name] for name in ("seen", "kept", "read", "counted", "carriers")}
        self.counts = Counts(**whole, dropped=dict(state["dropped"]))
