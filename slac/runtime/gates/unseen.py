"""What windows say of groups of which gates let nothing through: a number that was dropped to the last is not 0.

An estimate says by itself how far it is known, for its rows have weights. A group without any such row looks exact: it
may have had no event while the gate dropped, or none that was kept. So its counts get the bound that no event of a
sample leaves, and all else that is made of events may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import networkx as nx
import numpy as np
import polars as pl

from slac.plan.estimates.spans import Floats, Mask, of_count, quantile_of
from slac.plan.expressions import Column
from slac.plan.graph import Plan
from slac.plan.intervals.bounds import FARTHEST, has_order
from slac.plan.intervals.columns import bounds_like
from slac.plan.nodes import AnyNode, SourceNode, WindowNode, is_table
from slac.runtime.gates.drops import Drops
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.keys import Weights
from slac.runtime.gates.sieve import Sieve
from slac.stream.batch import BOUNDS, KEPT, TIME, WEIGHT_ONE, WINDOW_START, Batch
from slac.stream.types import AnyType, Bool, Duration, Timestamp

CONFIDENCE: Final = 0.95


class Unseen:
    """Puts bounds on rows of a window that have none; `sieves`: what all gates before it have dropped."""

    def __init__(self, node: WindowNode, sieves: Sequence[Drops]) -> None:
        self._sieves = sieves
        self._types = {f.name: f.dtype for f in node.schema.fields if f.name not in node.keys}
        confidence = CONFIDENCE if node.contract is None else node.contract.confidence
        self._z = quantile_of(confidence) * math.sqrt(node.together)
        self._units = node.units
        calls = {c.name for c in node.aggregates if c.function == "count"}
        self._counts = {p.name for p in node.project if isinstance(p.expr, Column) and p.expr.name in calls}

    @property
    def has_doubts(self) -> bool:
        """Whether anything was dropped that a window may reach back to."""
        return any(s.has_dropped for s in self._sieves)

    def __call__(self, batch: Batch) -> Batch:
        """The batch with them; all that have bounds have the same fields, whoever made them."""
        frame = batch.frame
        if not batch.height or not (BOUNDS in frame.columns or self.has_doubts):
            return batch
        blind, weights, lost = self._blind(frame)
        if BOUNDS in frame.columns:
            frame = frame.with_columns(bounds_like(frame, self._types))
            blind &= frame[BOUNDS].is_null().to_numpy()
        if not blind.any():
            return Batch(frame, late=batch.late)
        made = self._open(frame, np.where(lost, np.inf, self._missed(weights))).alias(BOUNDS)
        if BOUNDS in frame.columns:
            made = made.zip_with(pl.Series(blind), frame[BOUNDS])
        else:
            made = pl.select(pl.when(pl.Series(blind)).then(pl.lit(made))).to_series().alias(BOUNDS)
        return Batch(frame.with_columns(made), late=batch.late)

    def _blind(self, frame: pl.DataFrame) -> tuple[Mask, Weights, Mask]:
        """Which rows may lack some of their events, or all; the highest weight of single ones; where keys were lost.

        Of a key that was dropped as a whole there may have been any number.
        """
        begins, ends = (frame[n].cast(pl.Int64).to_numpy() for n in (WINDOW_START, TIME))
        empty = frame[KEPT].fill_null(0).to_numpy() == 0
        single = np.maximum.reduce([s.unread_between(begins, ends) for s in self._sieves])
        whole = np.maximum.reduce([s.left_out_between(begins, ends) for s in self._sieves])
        parted = np.logical_or.reduce([s.parted_between(begins, ends) for s in self._sieves])
        lost: Mask = (whole > WEIGHT_ONE) & (empty | parted | (self._units != "whole"))
        return (single > WEIGHT_ONE) | lost, single, lost

    def _open(self, frame: pl.DataFrame, more: Floats) -> pl.Series:
        """Bounds for all rows as if no event of them had been kept where others were dropped, up to so many more."""
        fields = []
        for name, dtype in self._types.items():
            if name in self._counts:
                known = frame[name].cast(pl.Float64).fill_null(0.0).to_numpy()
                fields += [pl.Series(f"{name}_low", known), pl.Series(f"{name}_high", known + more)]
            else:
                fields += _anything(name, dtype, frame.height)
        return pl.DataFrame(fields).to_struct(BOUNDS)

    def _missed(self, weights: Weights) -> Floats:
        """So many events a sample with these weights may leave out and have none of."""
        nothing = np.zeros(len(weights))
        more: Floats = of_count(nothing, nothing, nothing, nothing, weights / WEIGHT_ONE, self._z).high
        return more


class UnseenAround(Unseen):
    """The same of windows that slide with their rows.

    A row of a whole key comes only while the key passes: had the threshold been higher before, it may not have passed.
    """

    def _blind(self, frame: pl.DataFrame) -> tuple[Mask, Weights, Mask]:
        begins, ends = (frame[n].cast(pl.Int64).to_numpy() for n in (WINDOW_START, TIME))
        single = np.maximum.reduce([s.unread_between(begins, ends) for s in self._sieves])
        lost: Mask = np.zeros(len(begins), np.bool_)
        for one in self._sieves:
            least = one.let_in_at(ends) if self._units == "whole" else np.uint64(WEIGHT_ONE)
            lost |= one.left_out_between(begins, ends) > least
        return (single > WEIGHT_ONE) | lost, single, lost


def _anything(name: str, dtype: AnyType, rows: int) -> list[pl.Series]:
    if not has_order(dtype) or isinstance(dtype, Bool):
        return [pl.Series(f"{name}_undecided", [True]).new_from_index(0, rows)]
    ends = zip(("low", "high"), (-1.0, 1.0), strict=True)
    return [_far(dtype, side).alias(f"{name}_{end}").new_from_index(0, rows) for end, side in ends]


def _far(dtype: AnyType, side: float) -> pl.Series:
    if isinstance(dtype, Duration | Timestamp):
        whole = pl.Series([int(side) * FARTHEST])
        return whole.cast(pl.Duration("us") if isinstance(dtype, Duration) else pl.Datetime("us", "UTC"))
    return pl.Series([side * math.inf])


def unseen_guards(
    plan: Plan, sieves: Mapping[str, Sieve], links: Mapping[str, Elsewhere] | None = None
) -> dict[str, Unseen]:
    """By node, for windows before which gates may drop; sessions have all of their keys."""
    found: dict[str, Unseen] = {}
    for node in plan.nodes:
        if not isinstance(node, WindowNode) or node.contract is None:
            continue
        before = list(drops_before(node, plan, sieves, links or {}))
        if node.window.kind == "sliding" and before:
            found[node.id] = UnseenAround(node, before)
        elif node.window.is_shared and node.role in ("whole", "final") and before:
            found[node.id] = Unseen(node, before)
    return found


def drops_before(
    node: AnyNode, plan: Plan, sieves: Mapping[str, Sieve], links: Mapping[str, Elsewhere]
) -> Iterator[Drops]:
    """What gates of all inputs that a node is made of have dropped; `links`: by node, those of other runtimes."""
    here = {n.id: n for n in plan.nodes}
    for name in nx.ancestors(plan.graph, node.id) & here.keys():
        source = here[name]
        if isinstance(source, SourceNode) and not is_table(source):
            yield sieves[source.block]
        elif name in links:
            yield links[name]
