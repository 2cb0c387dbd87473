"""Kaiju's load without processes, sockets and clocks: what the waves of both cores cost, decoding included.

Less noise than `kaiju_load`, and to be profiled: `python -m benchmarks.kaiju.waves WAVES SECONDS waiting|at-once`
prints JSON. Its peer is the same run where nothing waits in front of a node.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.kaiju.feed import Feed
from benchmarks.measure import on_one_core
from benchmarks.report import Row, row
from slac.compiler import compile_paths
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Send
from slac.stream.ports import Records

START: Final = 1_700_000_000_000_000
WARM: Final = 12
SECONDS: Final = 20
WAVES: Final = (5, 20)
"""So many a second."""
SIDES: Final = ("edge", "central")
PEER: Final = "where nothing waits"


def run() -> list[Row]:
    """The share of a core that the waves of each side take, and the longest one, at some rates."""
    rows: list[Row] = []
    for waves in WAVES:
        found, eager = (
            on_one_core("benchmarks.kaiju.waves", str(waves), str(SECONDS), how) for how in ("waiting", "at-once")
        )
        for side in SIDES:
            name = f"{side}, {waves} waves a second"
            share, longest = (100 * found[side]["share"], 1e3 * found[side]["longest"])
            peer_share, peer_longest = (100 * eager[side]["share"], 1e3 * eager[side]["longest"])
            rows += [
                row(name, share, "% of a core", peer=PEER, peer_value=peer_share),
                row(f"{name}: the longest", longest, "ms", peer=PEER, peer_value=peer_longest),
            ]
    return rows


class Pair:
    """The cores of edge and central; what one sends is at the other at once."""

    def __init__(self, *, waits: bool) -> None:
        plan = self.plan = compile_paths([str(Path(__file__).parent / "load.yaml")])[0].plan
        self._waits = waits
        self.cores = {side: Core(plan.part(side), now=START, live=True) for side in SIDES}
        self.taken: dict[str, list[float]] = {side: [] for side in SIDES}
        for core in self.cores.values():
            core.flow.is_lean = True
        for inlet in self.cores["central"].inlets.values():
            inlet.join("edge", START)

    def wave(self, lines: dict[str, bytes], now: int, *, ticks: bool) -> None:
        """One of each core, timed."""
        edge, central = self.cores["edge"], self.cores["central"]
        began = time.process_time()
        for name, text in lines.items():
            edge.enter_records(name, [Records(source="feed", arrival=now, ndjson=text)])
        out = self._carried(edge, now, ticks=ticks)
        crossed = time.process_time()
        for send in (i for i in out if isinstance(i, Send)):
            central.enter_link(send.stream, "edge", send, now)
        self._carried(central, now, ticks=ticks)
        self.taken["edge"].append(crossed - began)
        self.taken["central"].append(time.process_time() - crossed)

    def _carried(self, core: Core, now: int, *, ticks: bool) -> list[Instruction]:
        out = core.carry(now) + (core.on_tick(now) if ticks else [])
        if not self._waits:
            core.flow.settle()
        return out


def main(waves: int, seconds: int, how: str) -> None:
    """Print the share of a core and the longest wave (s) of each side."""
    pair, feed = Pair(waits=how == "waiting"), Feed(waves)
    for turn in range((WARM + seconds) * waves):
        now = START + (turn + 1) * 1_000_000 // waves
        pair.wave(feed.slice(now), now, ticks=turn % waves == 0)
    counted = {side: taken[WARM * waves :] for side, taken in pair.taken.items()}
    said = {side: {"share": sum(taken) / seconds, "longest": max(taken)} for side, taken in counted.items()}
    sys.stdout.buffer.write(msgspec.json.encode(said))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
