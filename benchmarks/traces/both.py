"""Both sides over the same record batches: the document through the real core, and bare Polars."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.agreement import check_agreement
from benchmarks.traces.forms import Form
from benchmarks.traces.theirs import classes_of
from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Publish
from slac.stream.ports import Records

AT_ONCE: Final = 262_144
"""Records a batch: what a million ten-call traces a second bring in 26 ms."""
_RESULTS: Final = ("count", "fastest", "slowest")


@dataclass(frozen=True, slots=True)
class Case:
    """A form with everything made before it is timed: the plan, and the record batches."""

    form: Form
    plan: Plan
    batches: tuple[Records, ...]

    def ours(self) -> pl.DataFrame:
        """The rows that the plan publishes, through a core of its own."""
        core = Core(self.plan, now=0, live=False)
        (name,) = core.sources
        out: list[Instruction] = []
        for records in self.batches:
            out += core.on_records(name, [records])
        out += core.on_input_ended(name)
        return pl.concat([i.frame for i in out if isinstance(i, Publish)])

    def theirs(self) -> pl.DataFrame:
        """The rows of bare Polars."""
        return classes_of(self.form.theirs(pl.concat([b.frame for b in self.batches if b.frame is not None])))

    def check(self) -> None:
        """RunFailed unless both sides say the same about the records."""
        mine = self.ours().select(pl.col("_window_start").alias("window"), *_RESULTS)
        # Of traces that end at one instant either may be the first: the rows are told apart by what they count.
        check_agreement(mine, self.theirs().select(mine.columns), mine.columns)


def case_of(form: Form, source: Path, at_once: int = AT_ONCE) -> Case:
    """The case of one file of records."""
    options = CompileOptions(parameters={"input": str(source)}, collapse=True)
    plan = compile_paths([str(form.document)], options)[0].plan
    rows = pl.read_ipc(source)
    return Case(form, plan, tuple(_batch(rows, begin, at_once) for begin in range(0, rows.height, at_once)))


def _batch(rows: pl.DataFrame, begin: int, size: int) -> Records:
    part = rows.slice(begin, size).rechunk()
    return Records(source="records", arrival=0, frame=part, position={"offset": begin + part.height})
