"""What the log costs: throughput of the engine's rows in modes `off`, `evidence` and `full`, bytes a row, and answers.

Throughput is that of the thread that runs the core: the log is encoded and written in a thread of its own, on a core to
spare. What that takes besides is told, as CPU seconds of all threads for a million events.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmarks.engine.cases import BY_NAME
from benchmarks.measure import on_one_core
from benchmarks.report import Bar, Row, row

CASES: Final = (
    "filter",
    "filter_ndjson",
    "tumbling",
    "tumbling_ndjson",
    "hopping",
    "sliding",
    "latest",
    "three_sigma",
    "pattern_next",
    "pattern_each",
    "audit",
)
AGAIN: Final = ("tumbling_ndjson", "filter_ndjson", "tumbling", "three_sigma", "pattern_next", "audit")
RUNS: Final = 3
LOGGED: Final = 1_000_000
SECONDS: Final = 90
_BARS: Final = {"evidence": Bar("under", 10.0), "full": Bar("under", 25.0)}
_OFF: Final = "off"


def run() -> list[Row]:
    """All rows."""
    taken = {case: on_one_core("benchmarks.evidence.worker", case, str(RUNS)) for case in CASES}
    rows = [r for mode, bar in _BARS.items() for r in _costs(mode, bar, taken)]
    load = on_one_core("benchmarks.evidence.load", str(SECONDS))
    asked = on_one_core("benchmarks.evidence.asking", str(LOGGED))
    return [
        *rows,
        row("Kaiju's load: a result row", load["results"], "bytes", bar=Bar("under", 40.0)),
        row("Kaiju's load: a row of an input", load["inputs"], "bytes"),
        row("Kaiju's load: ids of what rows consumed, a result row", load["edges"], "bytes"),
        row(
            f"why of a violation, among {asked['rows'] / 1e6:.1f} M rows", asked["seconds"], "s", bar=Bar("under", 1.0)
        ),
        *_again(),
    ]


def _again() -> Iterator[Row]:
    """Replays of runs with drops and a crash, against those runs."""
    told = {case: on_one_core("benchmarks.evidence.again", case, str(LOGGED)) for case in AGAIN}
    ratios = {BY_NAME[case].title: each["live"] / each["again"] for case, each in told.items()}
    worst = min(ratios, key=ratios.__getitem__)
    many = f"{LOGGED / 1e6:.0f} M events, drops and a crash"
    yield row(
        f"replay: speed, median of {len(ratios)} rows",
        statistics.median(ratios.values()),
        "ratio",
        bar=Bar("over", 1.0),
    )
    yield row(f"replay: speed, the worst ({worst})", ratios[worst], "ratio")
    same = sum(each["same"] and not each["gaps"] for each in told.values())
    yield row(f"replay to the bit ({many}): rows of {len(told)}", float(same), "rows", bar=Bar("over", len(told) - 0.5))


def _costs(mode: str, bar: Bar, taken: Mapping[str, Any]) -> Iterator[Row]:
    def lost(times: Mapping[str, float]) -> float:
        return 100 * (1 - times[_OFF] / times[mode])

    costs = {BY_NAME[case].title: lost(times["run"]) for case, times in taken.items()}
    worst = max(costs, key=costs.__getitem__)
    yield row(f"{mode}: throughput lost, median of {len(costs)} rows", statistics.median(costs.values()), "%", bar=bar)
    yield row(f"{mode}: throughput lost, the worst ({worst})", costs[worst], "%")
    more = [(t["all"][mode] - t["all"][_OFF]) / BY_NAME[case].events for case, t in taken.items()]
    yield row(f"{mode}: CPU of all threads besides, median", 1e6 * statistics.median(more), "s for 1 M events")
