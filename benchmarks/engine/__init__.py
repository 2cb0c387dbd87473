"""Events a second through the real runtime, on one core, beside bare Polars doing the same work on the same blocks.

Patterns run beside the general evaluator, and all that other engines can say beside those, on the same prebuilt events
(`cases.py`). A second is one of processor time on one core: other load on the machine
then changes little, and on an idle core it is a second of the clock.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.engine import with_peers
from benchmarks.inputs import CACHE, requests_arrow, requests_ndjson
from benchmarks.measure import command, cpu_seconds, medians, on_one_core
from benchmarks.report import Bar, Row, row

ARROW_EVENTS = 2_000_000
NDJSON_EVENTS = 400_000
RUNS = 7
PATTERN_RUNS = 5
UNIT = "M events/CPU s"


def run() -> list[Row]:
    """All rows."""
    arrow, ndjson = requests_arrow(ARROW_EVENTS), requests_ndjson(NDJSON_EVENTS)
    return [
        _core("tumbling, columnar", arrow, ARROW_EVENTS, Bar("over", 5.0)),
        _core("tumbling, NDJSON", ndjson, NDJSON_EVENTS, Bar("over", 0.5)),
        _pattern("every a -> b by key within 2 min, columnar", "pattern_next", 1_000_000, 20_000, Bar("over", 1.0)),
        _pattern("every a -> every b by key within 2 min, columnar", "pattern_each", 300_000, 10_000, None),
        _process("tumbling, columnar, `slac run --once` with its start", arrow, ARROW_EVENTS),
        _process("tumbling, NDJSON, `slac run --once` with its start", ndjson, NDJSON_EVENTS),
        *with_peers.rows(),
    ]


def versions() -> dict[str, str]:
    """Of the other engines, or why one is absent."""
    return with_peers.versions()


def _core(name: str, source: Path, events: int, bar: Bar) -> Row:
    seconds = on_one_core("benchmarks.engine.worker", str(source), str(RUNS))
    rates = {side: events / taken / 1e6 for side, taken in seconds.items()}
    return row(name, rates["slac"], UNIT, peer="bare Polars", peer_value=rates["polars"], bar=bar)


def _pattern(name: str, case: str, events: int, peer_events: int, bar: Bar | None) -> Row:
    given = (case, str(events), str(peer_events), str(PATTERN_RUNS))
    rates = on_one_core("benchmarks.engine.patterns", *given)
    value, general = rates["slac"] / 1e6, rates["general"] / 1e6
    return row(name, value, UNIT, peer="the general evaluator", peer_value=general, bar=bar)


def _process(name: str, source: Path, events: int) -> Row:
    """Whole processes, from the start of Python to the file that they write."""
    output = CACHE / "tumbling.ndjson"
    document = str(Path(__file__).parent / "tumbling.yaml")
    slac = [command("slac"), "run", document, "--once", "--set", f"input={source}", "--set", f"output={output}"]
    sides = {
        "slac": lambda: cpu_seconds(slac),
        "polars": lambda: cpu_seconds([sys.executable, "-m", "benchmarks.engine.with_polars", str(source)]),
    }
    rates = {side: events / taken / 1e6 for side, taken in medians(sides, 5).items()}
    return row(name, rates["slac"], UNIT, peer="a Polars script", peer_value=rates["polars"])
