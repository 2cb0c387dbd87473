"""Spans that a sampler has thinned before they came: what each stands for, by its `tracestate`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.adapters.decoding.aside import set_aside
from slac.adapters.decoding.result import Decoded
from slac.adapters.decoding.wire import WireSchema
from slac.plan.sources import SampledSpec
from slac.stream.batch import WEIGHT_ONE
from slac.stream.ports import Records
from slac.stream.tracestate import RANDOMNESS, RANGE, STOOD, Sampling, of_trace_ids, sampling

MOST: Final = 1 << 20
"""A span that stands for more than so many is set aside: sums of such weights are not exact any more."""

Mask = npt.NDArray[np.bool_]


class SampledCheck:
    """Adds `_stood` where a span stands for more than itself, and `_randomness` where `rv` says it.

    What a sampler says wrongly counts as not said, as OpenTelemetry has it: such a span stands for itself, and how many
    those are is told by reason (`missing`, `malformed`, `inconsistent`: it would not have been kept).
    """

    def __init__(self, schema: WireSchema, spec: SampledSpec) -> None:
        self._spec = spec
        self._place = ".".join(next(p for f, p in schema.places() if f.name == spec.tracestate))

    def check(self, decoded: Decoded, records: Records) -> Decoded:
        """The rows with them, those aside that stand for too many."""
        if not decoded.frame.height:
            return decoded
        found = sampling(decoded.frame[self._spec.tracestate])
        odd = found.has_threshold & self._inconsistent(decoded.frame, found)
        thresholds = np.where(odd, np.uint64(0), found.thresholds)
        columns = []
        if thresholds.any():
            columns.append(pl.Series(STOOD, weights_of(thresholds)))
        if found.has_explicit.any():
            explicit = pl.Series(RANDOMNESS, found.explicit)
            columns.append(explicit.set(pl.Series(~found.has_explicit), None))
        unweighted = {
            "missing": int((~found.has_threshold & ~found.malformed).sum()),
            "malformed": int(found.malformed.sum()),
            "inconsistent": int(odd.sum()),
        }
        told = replace(decoded, unweighted={reason: n for reason, n in unweighted.items() if n})
        if columns:
            told = replace(told, frame=decoded.frame.with_columns(columns))
        return set_aside(told, records, pl.Series(RANGE - thresholds >= np.uint64(RANGE // MOST)), self._reason)

    def _inconsistent(self, frame: pl.DataFrame, found: Sampling) -> Mask:
        """Whose trace would not have been kept at its threshold."""
        own, known = of_trace_ids(frame[self._spec.trace].cast(pl.String))
        randomness = np.where(found.has_explicit, found.explicit, own)
        return (found.has_explicit | (known & ~found.malformed)) & (randomness < found.thresholds)

    def _reason(self, row: dict[str, Any]) -> str:
        return f"{self._place}: it stands for more than {MOST} spans"


def weights_of(thresholds: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """2⁵⁶/(2⁵⁶ − T), in multiples of 2⁻²⁰."""
    return np.rint(float(RANGE * WEIGHT_ONE) / (np.uint64(RANGE) - thresholds)).astype(np.uint64)
