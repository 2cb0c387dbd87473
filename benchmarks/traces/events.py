"""The input of the other form: the same calls told by an event before and one after each, in the order of time."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.traces.calls import CALLS, DEPTHS, EPOCH_US, KINDS, NAMES


def _sequence() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Of each event of a trace its call, and whether it stands before it."""
    told: list[tuple[int, bool]] = []
    stack: list[int] = []
    for call, depth in enumerate(DEPTHS.tolist()):
        while len(stack) > depth:
            told.append((stack.pop(), False))
        told.append((call, True))
        stack.append(call)
    told += [(call, False) for call in reversed(stack)]
    calls, before = zip(*told, strict=True)
    return np.array(calls), np.array(before)


_CALL, _BEFORE = _sequence()
EVENTS: Final = len(_CALL)


def events(traces: int) -> pl.DataFrame:
    """`timestamp` (µs), `trace_id`, `order_index`, `kind` (`before` or `after`), `operation`."""
    draw = np.random.default_rng(20_112)
    trace, order = np.repeat(np.arange(traces), EVENTS), np.tile(np.arange(EVENTS), traces)
    step = np.repeat(draw.integers(5, 200, traces), EVENTS)
    call = _CALL[order]
    frame = pl.DataFrame(
        {
            "timestamp": EPOCH_US + trace * 100 + order * step,
            "trace_id": trace,
            "order_index": order,
            "kind": pl.Series(["after", "before"])[_BEFORE[order].astype(np.int64)],
            "operation": NAMES[np.where(call == 0, trace % KINDS, KINDS + call)],
        }
    )
    assert EVENTS == 2 * CALLS
    return frame.sort("timestamp", maintain_order=True)
