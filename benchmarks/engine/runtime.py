"""Our side of a case: its document through the real core, with gate, ids, watermarks and exact sums."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.engine.reading import blocks
from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Publish
from slac.stream.ports import Records

HERE: Final = Path(__file__).parent


def compile_case(name: str, source: Path) -> Plan:
    """The plan of `NAME.yaml`, all on one node, reading `source`."""
    options = CompileOptions(parameters={"input": str(source)}, collapse=True)
    return compile_paths([str(HERE / f"{name}.yaml")], options)[0].plan


def run_core(plan: Plan, source: Path) -> pl.DataFrame:
    """All rows that the plan publishes for the file."""
    core = Core(plan, now=0, live=False)
    (name,) = core.sources
    out: list[Instruction] = []
    for block in blocks(source):
        records = Records(
            source=source.name, arrival=0, ndjson=block.ndjson, frame=block.frame, position=dict(block.position)
        )
        out += core.on_records(name, [records])
    out += core.on_input_ended(name)
    return pl.concat([i.frame for i in out if isinstance(i, Publish)])
