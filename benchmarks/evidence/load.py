"""Kaiju's load with everything logged: `python -m benchmarks.evidence.load SECONDS` prints bytes a row as JSON."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.evidence.worker import MEMORY, logged
from benchmarks.kaiju.feed import Feed
from benchmarks.kaiju.waves import SIDES, START, Pair
from slac.evidence.log import open_logs
from slac.evidence.log.parts import Part
from slac.evidence.recorder import RunLog
from slac.plan.nodes import LinkInNode, SourceNode

WAVES: Final = 5


def main(seconds: int) -> None:
    """So many seconds of the load through both cores."""
    pair, feed = Pair(waits=True), Feed(WAVES)
    with tempfile.TemporaryDirectory() as directory:
        books = {side: _book(pair, side, Path(directory)) for side in SIDES}
        for turn in range(seconds * WAVES):
            now = START + (turn + 1) * 1_000_000 // WAVES
            pair.wave(feed.slice(now), now, ticks=turn % WAVES == 0)
            for book in books.values():
                book.look((), now)
        for book in books.values():
            book.close()
        said = _sizes(Path(directory) / "var" / "log")
    sys.stdout.buffer.write(msgspec.json.encode(said))


def _book(pair: Pair, side: str, directory: Path) -> RunLog:
    plan = logged(pair.plan, "full")
    book = RunLog(plan, node=side, instance="it", directory=directory, memory=MEMORY)
    book.begin(pair.cores[side].flow, live=True, start=START, restored=0, now=START)
    return book


def _sizes(place: Path) -> dict[str, float]:
    parts: list[Part] = []
    rim: set[str] = set()
    for log in open_logs([place]):
        rim |= {n.id for n in log.plan.nodes if isinstance(n, SourceNode | LinkInNode)}
        parts += [part for segment in log.segments for part in segment.parts]
    results = [p for p in parts if p.kind == "rows" and p.node not in rim]
    count = sum(p.rows for p in results)
    return {
        "results": _total(results, lambda p: p.bytes) / count,
        "inputs": _ratio([p for p in parts if p.kind == "rows" and p.node in rim]),
        "edges": _total((p for p in parts if p.kind == "edges"), lambda p: p.bytes) / count,
        "rows": count,
    }


def _ratio(parts: list[Part]) -> float:
    return _total(parts, lambda p: p.bytes) / max(_total(parts, lambda p: p.rows), 1)


def _total(parts: Iterable[Part], of: Callable[[Part], int]) -> float:
    return float(sum(map(of, parts)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
