"""Running one real operator over prepared batches, as the core would."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from slac.plan.nodes import AnyNode
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.build import build_operator
from slac.stream.batch import Batch

Step = tuple[int, pl.DataFrame | None, int | None]
"""A port with the rows that arrive there (or none), and the watermark (µs) that follows them (or none)."""

CONTEXT = OperatorContext(document="calibration")


def prepared(node: AnyNode, steps: Sequence[Step]) -> Callable[[], Callable[[], object]]:
    """A `prepare` for a trial: builds the operator anew; what it returns runs all steps and counts the rows out."""

    def prepare() -> Callable[[], object]:
        operator = build_operator(node, CONTEXT)

        def run() -> int:
            rows = 0
            for port, frame, watermark in steps:
                if frame is not None:
                    rows += sum(b.height for b in operator.on_batch(port, Batch(frame)))
                due = operator.next_due()
                if watermark is not None and due is not None and due <= watermark:
                    rows += sum(b.height for b in operator.on_watermark(watermark))
            return rows

        return run

    return prepare


def outputs(node: AnyNode, steps: Sequence[Step]) -> list[pl.DataFrame]:
    """All frames that the operator of `node` gives out over `steps`."""
    operator = build_operator(node, CONTEXT)
    frames: list[pl.DataFrame] = []
    for port, frame, watermark in steps:
        if frame is not None:
            frames += [b.frame for b in operator.on_batch(port, Batch(frame))]
        due = operator.next_due()
        if watermark is not None and due is not None and due <= watermark:
            frames += [b.frame for b in operator.on_watermark(watermark)]
    return frames
