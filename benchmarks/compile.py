"""How long documents take to compile: 500 and 5 000 blocks, how the time grows between, and where it goes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.report import Bar, Row, row
from slac.compiler import CompileOptions, compile_document
from slac.compiler.stopwatch import Stopwatch
from slac.diagnostics import Source

SIZES: Final = (250, 500, 1_000, 2_000, 4_000, 8_000)
"""Blocks of the documents that the growth is fitted over."""
BARS: Final = {500: 1.0, 5_000: 10.0}
"""CPU seconds."""
BLOCKS_A_GROUP: Final = 10


def run(sizes: Sequence[int] = SIZES, runs: int = 3) -> list[Row]:
    """Seconds by size, the exponent of growth over n log n, and the share of each stage of the largest bar."""
    measured = {n: _seconds(n, runs) for n in sorted({*sizes, *BARS})}
    rows = [
        row(f"{n} blocks", sum(each.values()), "s", bar=Bar("under", BARS[n]) if n in BARS else None)
        for n, each in measured.items()
    ]
    excess = exponent({n: sum(measured[n].values()) for n in sizes})
    rows.append(row("growth: the power of n beside n log n", excess, "", bar=Bar("under", 0.1)))
    largest = measured[max(BARS)]
    total = sum(largest.values())
    stages = sorted(largest.items(), key=lambda lap: -lap[1])
    return [*rows, *(row(f"{max(BARS)} blocks: {s}", 100 * t / total, "%") for s, t in stages if t > total / 50)]


def exponent(seconds: dict[int, float]) -> float:
    """The slope of log(time / (n log n)) over log n by least squares: 0 for growth by n log n, 1 for n² log n."""
    points = [(math.log(n), math.log(t / (n * math.log(n)))) for n, t in seconds.items()]
    mean_x, mean_y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def document(blocks: int) -> str:
    """A document of groups of ten blocks, one of every kind and computations of several."""
    groups = range(max(1, blocks // BLOCKS_A_GROUP))
    head = ["apiVersion: slac/v1", "kind: SLA", "metadata: {name: generated}", "spec:", *_EVENTS]
    sections = [[f"  {name}:", *(line for g in groups for line in _lines(text, g))] for name, text in _SECTIONS.items()]
    return "\n".join([*head, *(line for section in sections for line in section)]) + "\n"


def _seconds(blocks: int, runs: int) -> dict[str, float]:
    """The laps of the fastest run."""
    source = Source("generated.yaml", document(blocks))
    return min((laps(source) for _ in range(runs)), key=lambda each: sum(each.values()))


def laps(source: Source) -> dict[str, float]:
    """CPU seconds of each stage of compiling a document."""
    watch = Stopwatch(time.process_time)
    compile_document(source, CompileOptions(stopwatch=watch))
    return watch.laps


def _lines(text: str, group: int) -> Iterator[str]:
    yield from text.replace("#", str(group)).strip("\n").split("\n")


_EVENTS: Final = (
    "  events:",
    "    Run:",
    "      payload: {outcome: string, duration_ms: float, number: int}",
    "      context: {module: 'string?', host: string}",
)
_SECTIONS: Final = {
    "inputs": "    input#: {adapter: file, path: in#.ndjson, emits: Run, lateness: 2s}",
    "probes": """
    runs#:
      from: input#
      where: module IS NOT NULL AND number <> #
      select: [module, host, duration_ms, {ok: outcome = 'success'}]
    slow#: {from: runs#, where: duration_ms > 1# AND NOT ok}
""",
    "computations": """
    results#:
      from: runs#
      by: [module, host]
      window: tumbling 1m
      select:
        - runs: COUNT(*)
        - successes: COUNT(*) FILTER (WHERE ok)
        - slowest: MAX(duration_ms)
      then:
        - state: CASE WHEN successes > 0.95 * runs THEN 'up' WHEN successes >= 0.05 * runs THEN 'low' ELSE 'down' END
    modules#: {from: results#, by: module, window: same, select: [{state: "WORST(state, 'up', 'low', 'down')"}]}
    joined#:
      from: slow#
      join: {m: {latest: modules#, by: module}}
      where: m.state = 'up'
      select: [module, duration_ms]
    counts#:
      from: joined#
      by: module
      window: hopping 10m every 1m
      select: [{n: COUNT(*)}, {mean: AVG(duration_ms)}]
""",
    "audits": """
    health#:
      from: modules#
      by: module
      states:
        up: {when: state = 'up', verdict: ok, report_every: 6h}
        low: {when: state = 'low', verdict: violated, report_every: 1h}
        down: {when: state = 'down', verdict: violated, report_every: 30m}
      initial: up
      report:
        cases: {from: results#, by: host, select: [{runs: SUM(runs)}, {state: LAST(state)}]}
""",
    "violations": "    many#: {from: counts#, by: module, where: n > 1# AND mean > 5#}",
    "outputs": "    log#: {adapter: file, path: out#.ndjson, from: [health#, many#]}",
}
