"""A runtime under more load than fits: whether it stays inside its budget, what it keeps, and how soon it recovers.

`python -m benchmarks overload`; with `OVERLOAD=quick` each load lasts 12 s instead of 60.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

import psutil

from benchmarks.overload.subject import Curve, Run, slac_run, watched
from benchmarks.report import Bar, Row, row

DOCUMENT: Final = Path(__file__).with_name("load.yaml")
CORES: Final = 0.5
MEMORY: Final = 400
"""MiB."""
LOADS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
POINTS: Final = 0.02
"""Of the machine, by which a reading may lie above the budget."""
AFTER_STEP: Final = 3.0
"""Seconds behind a step of the load whose readings do not count."""
FULL, QUICK = 60.0, 12.0
CALM: Final = 0.4
"""The load between the others, of what fits."""
ADDRESS: Final = "tcp://127.0.0.1:5990"


def measure_rows() -> Iterator[Row]:
    """All rows."""
    length = QUICK if os.environ.get("OVERLOAD") == "quick" else FULL
    with tempfile.TemporaryDirectory() as folder:
        fits = what_fits(Path(folder))
        yield row("events that fit into the budget", fits, "1/s")
        pooled: list[tuple[Run, Sequence[tuple[float, float]]]] = []
        for load in LOADS:
            curve = [(6.0, CALM * fits), (length, load * fits), (9.0, CALM * fits)]
            made = one(Path(folder) / f"load{load:g}", curve, {})
            yield from told(f"{load:g} ×", made, load * fits, fits, length)
            pooled.append((made, curve))
        burst = [(5.0, CALM * fits), *((2.0, 4 * fits), (6.0, CALM * fits)) * max(int(length / 12), 1)]
        made = one(Path(folder) / "bursts", burst, {})
        pooled.append((made, burst))
        yield from bars(pooled)


def run() -> list[Row]:
    """Every row."""
    return list(measure_rows())


def one(folder: Path, curve: Curve, settings: Mapping[str, str]) -> Run:
    """One run under the budget, unless `settings` say another."""
    given = {"cpu": f"{CORES} cores", "memory": f"{MEMORY}MiB", "feed": ADDRESS, "out": str(folder / "out.ndjson")}
    return watched(slac_run(DOCUMENT, {**given, **settings}), ADDRESS, curve, folder)


def what_fits(folder: Path) -> float:
    """The rate at which a runtime without a budget uses as much as the budget has, found in a few rounds."""
    rate = 20_000.0
    for turn in range(3):
        made = one(folder / f"fits{turn}", [(3.0, rate), (5.0, rate)], {"cpu": "100%"})
        used = fmean(s.cores for s in made.seconds[-4:])
        rate *= CORES / max(used, 0.01)
    return rate


def told(name: str, made: Run, offered: float, fits: float, length: float) -> Iterator[Row]:
    """The rows of one load."""
    counts = made.counts
    calm = sum(
        b["sent"] - a["sent"] for a, b in zip(made.parts, made.parts[1:], strict=False) if a["rate"] < fits * 0.45
    )
    kept, counted = counts["kept"] - calm, counts["counted"]
    yield row(f"{name}: events kept", kept / length, "1/s")
    if offered > fits:
        yield row(
            f"{name}: events kept or counted, of what fits", (kept + counted) / length / fits, "", bar=Bar("over", 0.8)
        )
    if counted:
        yield row(f"{name}: events counted, though dropped", counted / length, "1/s")
    begins, ends = made.parts[1]["at"], made.parts[2]["at"]
    inside = [s for s in made.seconds if begins + AFTER_STEP < s.at <= ends]
    yield row(f"{name}: cores", fmean(s.cores for s in inside), "")
    yield row(f"{name}: memory", max(s.resident for s in inside) / 2**20, "MiB")
    if offered > fits:
        open_again = [at for at, share in made.gate if at >= ends and share == 1.0]
        closed = [share for at, share in made.gate if at < ends][-1:]
        late = 0.0 if closed == [1.0] or not closed else open_again[0] - ends if open_again else 99.0
        yield row(f"{name}: until nothing is dropped any more", late, "s", bar=Bar("under", 5.0))


def bars(pooled: Sequence[tuple[Run, Sequence[tuple[float, float]]]]) -> Iterator[Row]:
    """What holds over all runs together."""
    cores, memory, number = 0, 0, 0
    machine = psutil.cpu_count() or 1
    for made, _ in pooled:
        steps = [p["at"] for p in made.parts]
        for second in made.seconds:
            if any(at < second.at <= at + AFTER_STEP + 1 for at in steps):
                continue
            number += 1
            cores += second.cores <= CORES + POINTS * machine
            memory += second.resident <= (MEMORY + POINTS * psutil.virtual_memory().total / 2**20) * 2**20
    yield row("readings", number, "")
    yield row(
        "readings within the processor's budget and two points", cores / max(number, 1), "", bar=Bar("over", 0.989)
    )
    yield row("readings within the memory's budget and two points", memory / max(number, 1), "", bar=Bar("over", 0.989))
    yield row("runtimes that were killed, or ended", sum(not m.survived for m, _ in pooled), "", bar=Bar("under", 1))
