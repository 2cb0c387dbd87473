"""The second stage of a gate, behind the decoder: rows pass with their weights, and what is dropped is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec.structs import replace

from slac.plan.lowering import lower
from slac.plan.nodes import SourceNode
from slac.plan.subexpressions import columns_in
from slac.runtime.gates.cells import Cells, Classifier, counted
from slac.runtime.gates.hoisted import Hoisted, chosen
from slac.runtime.gates.keys import Steps, Times, kept_keys, kept_windows, randomness
from slac.runtime.gates.sampled import Samplers
from slac.runtime.gates.told import Told, bounded
from slac.runtime.gates.unread import Unread
from slac.shedding.admission import Admission, thresholds_of, unpacked
from slac.shedding.gate import Gate, GateDecision
from slac.shedding.profile import Profile
from slac.stream.batch import COUNT, ID, TIME, WEIGHT, WEIGHT_ONE, instants
from slac.stream.ids import splitmix64

GLANCE: Final = 4096
"""Rows of a batch that are looked at to know what the events are like."""
_SECOND_STAGE: Final = 0x9E37_79B9
"""Makes the second choice independent of the first."""

Mask = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.uint64]


class Sieve:
    """What one input's gate does with rows. `look`: the next batch is to be looked at, although nothing is dropped."""

    def __init__(self, node: SourceNode, gate: Gate) -> None:
        self.profile = Profile()
        self.look = False
        self._spec = node.gate
        self._gate = gate
        self._classifier = Classifier(node.gate)
        self._values = [
            (i, sum(1 << b for b in n.reads), lower(n.value).cast(pl.Float64))
            for i, n in enumerate(node.gate.needs)
            if n.value is not None
        ]
        read = (c.name for s in node.gate.strata for c in columns_in(s.when))
        self._told = frozenset((TIME, ID, *self._classifier.groups, *read))
        self.hoisted = Hoisted(node)
        self._steps = Steps()
        self._unread = Unread(node.lateness)
        self._silent = Unread(node.lateness)
        """When whole keys were dropped without a word, though the gate can count."""
        self.samplers = Samplers(node)
        self._decided = gate.decision
        self._levels = unpacked("")

    def admit(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that pass, with `_weight` and `_count` where anything was dropped; all rows come on time."""
        self.samplers.remember(frame)
        passed = self.samplers.joined(self._admitted(frame))
        self.passed(passed)
        return passed

    def follow(self, decision: GateDecision) -> None:
        """A decision of a gate that is elsewhere, or was: where its rows are run again."""
        self._take_over(self._gate.apply(decision).admission)
        self._decided = decision

    def passed(self, frame: pl.DataFrame) -> None:
        """Rows on time that the gate has let pass, here or where it was."""
        self._unread.note(self._gate.taken_highest())
        self._unread.see(instants(frame).to_numpy(), self._gate.decision.admission.unread)

    def promised(self, watermark: int) -> None:
        """No row below this (µs) will come on time any more, though none that is so late has come yet."""
        self._unread.note(self._gate.taken_highest())
        self._unread.promise(watermark)

    @property
    def number(self) -> int:
        """That of the decision that holds."""
        return self._gate.decision.number

    def _admitted(self, frame: pl.DataFrame) -> pl.DataFrame:
        decision = self._gate.decision
        if decision is not self._decided:
            self._take_over(decision.admission)
            self._decided = decision
        admission = decision.admission
        if not frame.height:
            return frame
        if admission.hoisted:
            return self._by_hoisted(frame, admission)
        if not admission.classes and not self._steps:
            if self.look:
                self._glance(frame)
            return _weighted(frame, admission.unread)
        if self._steps:
            if self._spec.groups is not None:
                silent = self._steps.last > WEIGHT_ONE and not admission.counts
                self._silent.see(instants(frame).to_numpy(), 2 * WEIGHT_ONE if silent else WEIGHT_ONE)
            return self._by_whole(frame, admission)
        return self._by_class(frame, admission)

    def unread(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Late rows, which are not sifted: weighted by what was dropped before they were decoded.

        But those of whole keys that nothing counts pass as their keys do: one alone would look like all of its key. So
        do all while a gate that can count does not, or did not.
        """
        admission = self._gate.decision.admission
        if frame.height and admission.hoisted:
            return self.samplers.joined(self._by_hoisted(frame, admission))
        is_told = self._spec.groups is not None and admission.counts and not self._silent
        if frame.height and self._steps and self._spec.key and not is_told:
            return self.samplers.joined(self._by_whole(frame, replace(admission, counts=False)))
        return self.samplers.joined(_weighted(frame, admission.unread))

    def snapshot(self) -> dict[str, Any]:
        """What `restore` needs, JSON-able: all else is in the gate's decision, or grows anew."""
        self._unread.note(self._gate.taken_highest())
        unread = self._unread.snapshot()
        explicit = self.samplers.explicit
        state = {"steps": self._steps.snapshot(), "at": self._decided.number, "unread": unread}
        state |= {"silent": self._silent.snapshot()} if self._silent else {}
        return {**state, "explicit": explicit.snapshot()} if explicit else state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a snapshot; the gate was restored before."""
        self._steps.restore(state["steps"])
        if "unread" in state:
            self._unread.restore(state["unread"])
        if "silent" in state:
            self._silent.restore(state["silent"])
        if "explicit" in state:
            self.samplers.explicit.restore(state["explicit"])
        self._decided = self._gate.decision
        self._levels = unpacked(self._decided.admission.levels)
        if state["at"] != self._decided.number:
            self._take_over(self._decided.admission)

    @property
    def steps(self) -> Steps:
        """What of keys or windows passes, by event time."""
        return self._steps

    @property
    def has_dropped(self) -> bool:
        """Whether there is anything of which it may not be known that it was there."""
        self._unread.note(self._gate.taken_highest())
        return bool(self._unread) or bool(self._steps) or self._gate.decision.admission.unread > WEIGHT_ONE

    def told(self) -> Told:
        """What another runtime has to know of all that. Of keys that say their R themselves only these rows tell."""
        self._unread.note(self._gate.taken_highest())
        spec = self._spec
        steps = tuple((since, weight) for since, weight in self._steps.snapshot())
        told = Told(
            unread=tuple(self._unread.on_time()),
            steps=() if spec.explicit else steps,
            key=bool(spec.key),
            trace=spec.trace,
            counted=spec.groups is not None and not self._silent,
            subset=spec.contract.mode == "subset",
        )
        return bounded(told)

    def unread_between(self, begins: Times, ends: Times, *, on_time: bool = False) -> Weights:
        """The highest weight of records before they are decoded, in spans of event time (µs, the last within).

        `on_time`: of those that would have come on time.
        """
        self._unread.note(self._gate.taken_highest())
        return self._unread.highest(begins, ends, self._gate.decision.admission.unread, on_time=on_time)

    def left_out_between(self, begins: Times, ends: Times) -> Weights:
        """The same of whole keys, unless rows say of them that they were left out."""
        if not self._spec.key or self._spec.contract.mode == "subset":
            return np.full(len(begins), WEIGHT_ONE, np.uint64)
        return self._steps.highest(ends, ends - begins)

    def let_in_at(self, times: Times) -> Weights:
        """The lowest weight of whole keys under which rows of these times came."""
        return self.left_out_between(times, times)

    def withheld_between(self, begins: Times, ends: Times, *, is_own: bool) -> Mask:
        """Whether whole keys, or windows, were dropped that may be those of rows that came at the end of spans.

        `is_own`: these have the keys that are dropped as wholes, so that what held at their own time did not drop them.
        """
        most = self._steps.highest(ends, ends - begins)
        least = self._steps.at(ends) if is_own and self._spec.key else np.uint64(WEIGHT_ONE)
        found: Mask = most > least
        return found

    def parted_between(self, begins: Times, ends: Times) -> Mask:
        """Whether whole keys may have passed for a part of spans only, unless counted rows say so themselves."""
        if not self._spec.key:
            return np.zeros(len(begins), np.bool_)
        changed = self._steps.changed(begins, ends)
        if self._spec.groups is None:
            return changed
        found: Mask = changed & (self._silent.highest(begins, ends, WEIGHT_ONE) > WEIGHT_ONE)
        return found

    def _take_over(self, admission: Admission) -> None:
        self._levels = unpacked(admission.levels)
        if admission.whole != self._steps.last:
            self._steps.add(admission.since, admission.whole)

    def _glance(self, frame: pl.DataFrame, weights: Weights | None = None) -> None:
        self.look = False
        self._observe(frame, self._classifier.cells(frame.head(GLANCE)), weights)

    def _observe(self, frame: pl.DataFrame, cells: Cells, weights: Weights | None = None) -> None:
        """Note what events are like; of a large batch the first tell enough. `weights`: if classes pass unlike."""
        frame, cells = frame.head(GLANCE), cells.head(GLANCE)
        stands = None if weights is None else weights[:GLANCE] / WEIGHT_ONE
        keep = self.profile.take(cells.classes, cells.buckets, stands)
        if not self._values:
            return
        values = frame.select(v.alias(str(i)) for i, _, v in self._values)
        for number, bits, _ in self._values:
            column = values[str(number)].fill_null(np.nan).to_numpy()
            for one in np.unique(cells.classes[(cells.classes & bits) == bits]):
                mine = column[cells.classes == one]
                self.profile.measure(number, int(one), mine[np.isfinite(mine)], keep)

    def _by_class(self, frame: pl.DataFrame, admission: Admission) -> pl.DataFrame:
        cells = self._classifier.cells(frame)
        self._observe(frame, cells)
        weights = self._weights(cells, admission)
        hashed = splitmix64(frame[ID].to_numpy() ^ np.uint64((self._gate.salt + _SECOND_STAGE) & (2**64 - 1)))
        kept: Mask = hashed <= thresholds_of(weights)
        return self._passed(frame, cells, kept, weights, admission)

    def _by_hoisted(self, frame: pl.DataFrame, admission: Admission) -> pl.DataFrame:
        """By the hash that records were chosen by: what could not be told of them before is known now."""
        weights, kept = chosen(self._classifier.classes(frame), frame[ID].to_numpy(), self._gate.salt, admission)
        self._gate.drop(int(len(kept) - kept.sum()), counted=False, carriers=0)
        if self.look:
            self._glance(frame.filter(pl.Series(kept)), weights[kept])
        rows = frame.with_columns(pl.Series(WEIGHT, weights))
        return rows if kept.all() else rows.filter(pl.Series(kept))

    def _weights(self, cells: Cells, admission: Admission) -> Weights:
        weights = np.full(len(cells.classes), WEIGHT_ONE, np.uint64)
        for one, by_level in admission.classes.items():
            mine = cells.classes == one
            table = np.array(by_level, dtype=np.uint64)
            levels = np.minimum(self._levels[cells.buckets[mine]], len(table) - 1)
            weights[mine] = table[levels]
        return weights

    def _by_whole(self, frame: pl.DataFrame, admission: Admission) -> pl.DataFrame:
        times = instants(frame).to_numpy()
        weights = np.full(frame.height, WEIGHT_ONE, np.uint64)
        if self._spec.key:
            weights = self._steps.at(times)
            found = randomness(frame, self._spec.key, trace=self._spec.trace)
            kept = kept_keys(self.samplers.randomness(frame, found), weights)
        else:
            size, every = self._spec.windows or (1, 1)
            kept = kept_windows(times, size, every, self._steps, self._gate.salt)
        if kept.all() and int(weights.max()) == WEIGHT_ONE:
            return _weighted(frame, admission.unread)
        cells = self._classifier.cells(frame)
        self._observe(frame, cells)
        return self._passed(frame, cells, kept, weights, admission)

    def _passed(
        self, frame: pl.DataFrame, cells: Cells, kept: Mask, weights: Weights, admission: Admission
    ) -> pl.DataFrame:
        weights = weights * np.uint64(admission.unread) // np.uint64(WEIGHT_ONE)
        dropped = int(len(kept) - kept.sum())
        if not admission.counts:
            self._gate.drop(dropped, counted=False, carriers=0)
            return frame.filter(pl.Series(kept)).with_columns(pl.Series(WEIGHT, weights[kept]))
        times = instants(frame).to_numpy()
        latest = times if self._spec.latest else None
        counts, carriers = counted(cells, times // self._spec.pane, kept, latest)
        self._gate.drop(dropped, counted=True, carriers=int(carriers.sum()))
        stays = kept | carriers
        weights = np.where(kept, weights, np.uint64(0))[stays]
        rows = frame.filter(pl.Series(stays))
        if carriers.any():
            rows = self._blanked(rows, pl.Series(carriers[stays]))
        return rows.with_columns(pl.Series(WEIGHT, weights), pl.Series(COUNT, counts[stays], dtype=pl.Int64))

    def _blanked(self, rows: pl.DataFrame, carriers: pl.Series) -> pl.DataFrame:
        """Which of a cell's events carries a count depends on batches, so it tells nothing but what is true of all."""
        blank = [pl.when(~carriers).then(pl.col(n)).alias(n) for n in rows.columns if n not in self._told]
        return rows.with_columns(blank)


def _weighted(frame: pl.DataFrame, weight: int) -> pl.DataFrame:
    if weight == WEIGHT_ONE:
        return frame
    return frame.with_columns(pl.Series(WEIGHT, np.full(frame.height, weight, np.uint64)))
