"""Spans that samplers have thinned before they come to a gate: by what it chooses, what they stand for, what they tell.

By one randomness R the stricter choice holds: what a span stands for is that of the higher threshold. Choices by
anything else are independent, so what it stands for is the product; and a threshold alone would tell too little of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.nodes import SourceNode
from slac.runtime.gates.explicit import Explicit
from slac.runtime.gates.keys import key_hashes
from slac.shedding.admission import key_threshold
from slac.stream.batch import WEIGHT, WEIGHT_ONE, instants
from slac.stream.ids import Ids
from slac.stream.tracestate import RANDOMNESS, STOOD, erased, raised

Mask = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.uint64]


class Samplers:
    """Those before the gate of one input; `explicit`: what spans say of the randomness of their traces."""

    def __init__(self, node: SourceNode) -> None:
        self.explicit = Explicit()
        self._spec = node.sampled
        self._key = node.gate.key
        self._goes_by_explicit = node.gate.explicit
        self._is_by_traces = node.sampled is not None and node.gate.trace and node.gate.key == (node.sampled.trace,)

    def randomness(self, frame: pl.DataFrame, found: Ids) -> Ids:
        """R of each row's key: `found`, but for what rows say themselves, where the gate goes by it."""
        if not self._goes_by_explicit or RANDOMNESS not in frame.columns:
            return found
        own = frame[RANDOMNESS]
        said: Ids = np.where(own.is_not_null().to_numpy(), own.fill_null(0).to_numpy(), found)
        return said

    def remember(self, frame: pl.DataFrame) -> None:
        """What rows say, for results of their traces."""
        if self._goes_by_explicit and RANDOMNESS in frame.columns:
            said = frame.filter(pl.col(RANDOMNESS).is_not_null())
            self.explicit.see(key_hashes(said, self._key), said[RANDOMNESS].to_numpy(), instants(said).to_numpy())

    def joined(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that have passed the gate with its `_weight`: with that of both, and without what only gates read."""
        if self._spec is None:
            return frame
        if frame.height:
            frame = self._both(frame)
        return frame.drop(STOOD, RANDOMNESS, strict=False)

    def _both(self, frame: pl.DataFrame) -> pl.DataFrame:
        gate = frame[WEIGHT].to_numpy() if WEIGHT in frame.columns else np.full(frame.height, WEIGHT_ONE, np.uint64)
        apart = self._apart(frame)
        if STOOD in frame.columns:
            stood = frame[STOOD].to_numpy()
            both = np.where(apart, _product(stood, gate), np.maximum(stood, gate))
            frame = frame.with_columns(pl.Series(WEIGHT, both))
        if self._spec is None or self._spec.tracestate not in frame.columns or int(gate.max()) == WEIGHT_ONE:
            return frame
        return frame.with_columns(_onward(frame[self._spec.tracestate], gate, apart))

    def _apart(self, frame: pl.DataFrame) -> Mask:
        """Which rows the gate has not chosen by what their samplers went by."""
        if not self._is_by_traces:
            return np.ones(frame.height, np.bool_)
        if self._goes_by_explicit or RANDOMNESS not in frame.columns:
            return np.zeros(frame.height, np.bool_)
        return frame[RANDOMNESS].is_not_null().to_numpy()


def _onward(tracestates: pl.Series, gate: Weights, apart: Mask) -> pl.Series:
    """What whoever reads these spans next has to know of the gate."""
    distinct, places = np.unique(gate, return_inverse=True)
    thresholds = np.array([key_threshold(int(w)) for w in distinct], np.uint64)[places]
    told = raised(tracestates, thresholds)
    lost = apart & (gate > WEIGHT_ONE)
    return told.zip_with(pl.Series(~lost), erased(tracestates)) if lost.any() else told


def _product(weights: Weights, others: Weights) -> Weights:
    """Of two independent choices; too large for integers of 64 bits on the way."""
    found: Weights = np.rint(weights.astype(np.float64) * others / WEIGHT_ONE).astype(np.uint64)
    return found
