"""What the capacity model says of every document of `sla_docs`, beside what runtimes use: CPU, memory, latency.

Each document runs at three rates, in a process of its own: the cores of all its nodes with their decoding, gathering,
outputs, links and checkpoints, under a clock that goes on by what they take (`slac.calibration.world`). The machine is
calibrated first, and again after every few documents, and in turns with each run goes a part of that measurement, which
tells the pace of the machine meanwhile: where others share its processors, the same work takes up to twice as long from
one moment to the next. The shares that pass a filter and the keys of a window are taken from the run, as a document
would declare them; all else is the model's.
`SLAC_QUICK=1`: one rate, shorter, after quick calibrations. `python -m benchmarks.capacity NAME…`: some documents.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.capacity.documents import compiled, documents
from benchmarks.capacity.worker import rates_of
from benchmarks.inputs import CACHE
from benchmarks.measure import on_one_core
from benchmarks.report import Bar, Row, row
from slac.calibration.pace import paced
from slac.plan.graph import Plan
from slac.shedding.capacity.calibration import Calibration, load_calibration
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.latency import latencies
from slac.shedding.capacity.measured import seen_facts
from slac.shedding.capacity.walk import walk

FACTORS: Final = (0.25, 1.0, 2.0)
"""Times the declared rates."""
TOGETHER: Final = 7
"""Documents for which the machine is calibrated once."""
WARM: Final = 12.0
SECONDS: Final = 15.0
CORE: Final = 0.01
"""A deviation of so much of a core counts for nothing …"""
WITHIN: Final = {"CPU": 0.15, "memory": 0.15, "detection": 0.25}
"""… and one of such a share is what may be expected."""
MET: Final = Bar("under", 1.0)


def run() -> list[Row]:
    """For each document and rate, how far the prediction is off, as a share of what it may be."""
    return summed(in_turns(documents()))


def in_turns(paths: Sequence[Path]) -> Iterator[tuple[float, list[Row]]]:
    """Documents one behind the other, each rate with its rows; the machine is calibrated before some of them."""
    quick = bool(os.environ.get("SLAC_QUICK"))
    for first in range(0, len(paths), TOGETHER):
        yield from measured(paths[first : first + TOGETHER], quick=quick)


def measured(paths: Sequence[Path], *, quick: bool = False) -> Iterator[tuple[float, list[Row]]]:
    """Some documents with a calibration of their own, each rate with its rows.

    In turns with each run goes a reference, so that the prices are those of the time in which it was measured.
    """
    file, costs = _calibrated(quick=quick)
    for path in paths:
        plan = compiled(path)
        for factor in FACTORS[1:2] if quick else FACTORS:
            arguments = [str(_written(plan)), str(factor), str(WARM), str(SECONDS / (1 + quick))]
            seen = on_one_core("benchmarks.capacity.worker", *arguments, *([] if quick else [str(file)]))
            yield factor, compared(f"{path.stem} × {factor:g}", plan, factor, seen, paced(costs, seen["pace"]))


def summed(found: Iterable[tuple[float, list[Row]]]) -> list[Row]:
    """All rows, behind how many of each rate are within what is asked for."""
    rows: list[Row] = []
    met: dict[float, list[bool]] = {}
    for factor, some in found:
        rows += some
        met.setdefault(factor, []).extend(bool(r.met) for r in some)
    within = [
        row(f"within what is asked for at × {factor:g}, of {len(held)} numbers", 100 * sum(held) / len(held), "%")
        for factor, held in sorted(met.items())
    ]
    return [*within, *rows]


def compared(name: str, plan: Plan, factor: float, seen: Mapping[str, Any], costs: Calibration) -> list[Row]:
    """Predicted and measured: CPU (without what an idle runtime uses), memory of the process, detection latency."""
    scene = Scene(rates=rates_of(plan, factor), facts=seen_facts(plan, seen["rows"], {}))
    walked = walk(plan, costs, scene)
    rows = []
    for place, cores in seen["cores"].items():
        said = walked.total(plan, place).cores - costs.idle_cores
        rows.append(_row(f"{name}: CPU of {place}", 100 * said, 100 * cores, "% of a core", "CPU", 100 * CORE))
    # All runtimes of a document share one process here.
    state = sum(walked.total(plan, p).memory - costs.base_memory for p in seen["cores"])
    rows.append(_row(f"{name}: memory", (costs.base_memory + state) / 1e6, seen["memory"] / 1e6, "MB", "memory"))
    told = latencies(plan, walked)
    for block, measured in sorted(seen["latency"].items()):
        if block in told:
            rows.append(_row(f"{name}: detection, {block}", 1e3 * told[block].after, 1e3 * measured, "ms", "detection"))
    return rows


def _row(name: str, said: float, measured: float, unit: str, what: str, spare: float = 0.0) -> Row:
    """`value`: the deviation as a share of what is allowed; beside it, in the name, both numbers."""
    allowed = max(WITHIN[what] * measured, spare)
    off = abs(said - measured) / allowed if allowed else 0.0
    return row(f"{name}: {said:.3g} predicted, {measured:.3g} {unit}", off, "of what is allowed", bar=MET)


def _calibrated(*, quick: bool) -> tuple[Path, Calibration]:
    """Costs of this machine, as it is now, and the file that has them."""
    path = CACHE / "calibration.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    on_one_core("benchmarks.capacity.costs", str(path), *(["quick"] if quick else []))
    return path, load_calibration(path)


def _written(plan: Plan) -> Path:
    path = CACHE / "capacity-plan.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(plan.data))
    return path
