"""Cases `pattern_next` and `pattern_each`: by columns, beside the same pattern on the general evaluator.

As a program (`python -m benchmarks.engine.patterns CASE EVENTS PEER_EVENTS RUNS`) it checks that both agree, then times
them, and prints JSON. The evaluator is slow: it gets the beginning of the same steps.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from benchmarks.agreement import check_agreement
from benchmarks.engine.runtime import HERE, run_core
from benchmarks.inputs import steps_arrow
from benchmarks.measure import alternate
from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan

RATES: Final = {"pattern_next": 1_000, "pattern_each": 100}
"""Steps a second of event time."""
_MANY: Final = 1_000_000_000


def compiled(case: str, source: Path, *, by_columns: bool) -> Plan:
    """The plan of a case. A bound on what waits that is never met makes no difference but to who evaluates it."""
    arrow = "->" if by_columns else f"-[{_MANY}]>"
    options = CompileOptions(parameters={"input": str(source), "arrow": arrow}, collapse=True)
    return compile_paths([str(HERE / f"{case}.yaml")], options)[0].plan


def check(case: str, source: Path) -> None:
    """RunFailed unless both ways say the same rows with the same ids."""
    ours, theirs = (run_core(compiled(case, source, by_columns=way), source) for way in (True, False))
    check_agreement(_plain(ours), _plain(theirs), ["_id"])


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("waited").dt.total_microseconds())


def main(case: str, events: int, peer_events: int, runs: int) -> None:
    """Print the events a CPU second of each side. Compiling is not part of them."""
    few, many = steps_arrow(peer_events, RATES[case]), steps_arrow(events, RATES[case])
    check(case, few)
    fast, slow = compiled(case, many, by_columns=True), compiled(case, few, by_columns=False)
    taken = alternate({"slac": lambda: run_core(fast, many), "general": lambda: run_core(slow, few)}, runs)
    rates = {"slac": events / taken["slac"], "general": peer_events / taken["general"]}
    sys.stdout.buffer.write(msgspec.json.encode(rates))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
