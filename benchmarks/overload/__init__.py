"""Runtimes under more load than fits: whether they stay inside the budget, what they keep, how late and how true it is.

`python -m benchmarks overload`; with `OVERLOAD=quick` each load lasts 12 s instead of 60, and fewer are offered as
Arrow and to Esper; with `OVERLOAD=middle` it has Esper at two loads, and as few seconds as give six hundred readings;
with `OVERLOAD_ROWS=ndjson:2,arrow:5` only these loads are, and no other engine. Events go by push and pull, so none is
lost unseen: who sends counts what nobody takes. What contracts promise is shown besides without processes (`worth`,
`equal`, `silence`), over thousands of windows.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.overload import equal, silence, worth
from benchmarks.overload.rival import WARM, endured
from benchmarks.overload.subject import Run, slac_run, watched
from benchmarks.overload.table import Rival, bars, judged_of, lost, of_esper, told, worked_off
from benchmarks.overload.traffic import Form
from benchmarks.peers import esper
from benchmarks.peers.esper import Esper
from benchmarks.report import Row, row
from slac.testing import free_port

DOCUMENT: Final = Path(__file__).with_name("load.yaml")
CORES: Final = 0.5
MEMORY: Final = 400
"""MiB."""
CALM: Final = 0.4
"""The load between the others, of what fits."""
ROOM: Final = 10_000
"""Lines in the queue of Esper where it has an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How long, and how much of it: seconds of a load by form, seconds before and behind it, loads (× what fits)."""

    length: float
    before: float
    behind: float
    ndjson: tuple[float, ...]
    arrow: tuple[float, ...]
    shorter: float
    growing: tuple[float, ...]
    bounded: tuple[float, ...]
    bursts: bool = True
    promises: bool = True


FULL: Final = Extent(
    length=60.0,
    before=6.0,
    behind=9.0,
    ndjson=(0.5, 1.0, 2.0, 5.0, 10.0),
    arrow=(0.5, 1.0, 2.0, 5.0, 10.0),
    shorter=60.0,
    growing=(0.5, 1.0, 2.0, 5.0, 10.0),
    bounded=(5.0,),
)
QUICK: Final = Extent(
    length=12.0,
    before=3.0,
    behind=7.0,
    ndjson=(0.5, 1.0, 2.0, 5.0, 10.0),
    arrow=(1.0, 5.0),
    shorter=8.0,
    growing=(1.0, 2.0, 5.0),
    bounded=(),
)


MIDDLE: Final = Extent(
    length=56.0,
    before=4.0,
    behind=8.0,
    ndjson=(0.5, 1.0, 2.0, 5.0, 10.0),
    arrow=(0.5, 1.0, 2.0, 5.0, 10.0),
    shorter=56.0,
    growing=(1.0, 5.0),
    bounded=(),
)
EXTENTS: Final = {"quick": QUICK, "middle": MIDDLE}


def measure_rows(extent: Extent) -> Iterator[Row]:
    """All rows."""
    if extent.promises:
        yield from worth.measure_rows()
        yield from equal.measure_rows()
        yield from silence.measure_rows()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        pooled, rivals = list[Run](), dict[float, Rival]()
        if extent.ndjson:
            fits = what_fits(place, "ndjson", 300_000.0)
            yield row("events that fit into the budget", fits, "1/s")
            if extent.promises:
                yield from never(place, fits)
            if extent.growing:
                yield from beside(place, fits, extent, rivals)
            yield from loads(place, "ndjson", fits, extent, pooled, rivals)
        if extent.arrow:
            columns = what_fits(place, "arrow", 1_000_000.0)
            yield row("Arrow: events that fit into the budget", columns, "1/s")
            yield from loads(place, "arrow", columns, extent, pooled, {})
        yield from bars(pooled, CORES, MEMORY)


def run() -> list[Row]:
    """Every row, or those that were asked for."""
    extent = EXTENTS.get(os.environ.get("OVERLOAD", ""), FULL)
    asked = os.environ.get("OVERLOAD_ROWS", "")
    return list(measure_rows(only(extent, asked.split(",")) if asked else extent))


def only(extent: Extent, asked: Sequence[str]) -> Extent:
    """Of the loads those that are `asked` for, each as `ndjson:2`; no bursts, and no other engine."""
    named = [one.partition(":") for one in asked]
    lines, columns = (tuple(float(load) for form, _, load in named if form == mine) for mine in ("ndjson", "arrow"))
    return replace(extent, ndjson=lines, arrow=columns, growing=(), bounded=(), bursts=False, promises=False)


def versions() -> Mapping[str, str]:
    """Of the peer."""
    peer = esper.install()
    return {peer.name: peer.version}


def loads(
    place: Path, form: Form, fits: float, extent: Extent, pooled: list[Run], rivals: Mapping[float, Rival]
) -> Iterator[Row]:
    """Each load between two calm parts, and with lines also bursts; every run is added to `pooled`."""
    is_lines, calm = form == "ndjson", CALM * fits
    length = extent.length if is_lines else extent.shorter
    for load in extent.ndjson if is_lines else extent.arrow:
        curve = [(extent.before, calm), (length, load * fits), (extent.behind, calm)]
        made = one(place / f"{form}{load:g}", form, curve, {})
        name = f"{load:g} ×" if is_lines else f"Arrow, {load:g} ×"
        yield from told(name, made, form, offered=load * fits, fits=fits, rival=rivals.get(load))
        pooled.append(made)
    if is_lines and extent.bursts:
        burst = [(5.0, calm), *((2.0, 4 * fits), (6.0, calm)) * max(int(length / 12), 1)]
        pooled.append(one(place / "bursts", form, burst, {}))


def never(place: Path, fits: float) -> Iterator[Row]:
    """Twice as much as fits where nothing may be dropped: it waits on disk, and is worked off when the load falls."""
    document = place / "never.yaml"
    document.write_text(_never(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    curve = [(3.0, CALM * fits), (8.0, 2.0 * fits), (16.0, 0.2 * fits)]
    yield from lost("never, 2 ×", one(place / "never", "ndjson", curve, {}, document))


def _never(text: str) -> str:
    """The document with another contract."""
    lines = [line for line in text.splitlines() if "shed:" not in line]
    place = next(i for i, line in enumerate(lines) if "emits: Request" in line)
    return "\n".join([*lines[: place + 1], "      shed: never", "      disk: 1GiB", *lines[place + 1 :]]) + "\n"


def one(
    folder: Path,
    form: Form,
    curve: Sequence[tuple[float, float]],
    settings: Mapping[str, str],
    document: Path = DOCUMENT,
) -> Run:
    """One run under the budget, unless `settings` say another."""
    feed, results = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    given = {"cpu": f"{CORES} cores", "memory": f"{MEMORY}MiB", "feed": feed, "results": results, "format": form}
    return watched(slac_run(document, {**given, **settings}), form, feed, results, curve, folder)


def what_fits(folder: Path, form: Form, rate: float) -> float:
    """The rate at which a runtime without a budget uses as much as the budget has; `rate` is a first guess."""
    for turn in range(2):
        made = one(folder / f"{form}-fits{turn}", form, [(3.0, rate), (5.0, rate)], {"cpu": "100%"})
        used = fmean(s.cores for s in made.seconds if made.parts[1]["at"] + 1.0 < s.at <= made.parts[2]["at"])
        rate *= CORES / max(used, 0.01)
    return rate


def beside(place: Path, fits: float, extent: Extent, found: dict[float, Rival]) -> Iterator[Row]:
    """Esper under the loads that slac has as lines, with a queue without an end, and with one; `found` by load."""
    peer = esper.install() if extent.growing or extent.bounded else None
    if not isinstance(peer, Esper):
        return
    warm = (WARM, CALM * fits)
    most = endured(peer, [warm, (extent.shorter, 10 * fits)], place / "most", room=ROOM, cores=CORES, memory=MEMORY)
    through = most.done(most.parts[1]["at"] + 1.0, most.parts[2]["at"])
    yield row(f"{peer.name}: events that fit into the budget", through, "1/s")
    for kind, room, factors in (("", 0, extent.growing), (", bounded queue", ROOM, extent.bounded)):
        for load in factors:
            folder = place / f"esper{room}-{load:g}"
            curve = [warm, (extent.shorter, load * fits)]
            made = endured(peer, curve, folder, room=room, cores=CORES, memory=MEMORY)
            judged = judged_of(made)
            yield from of_esper(f"{peer.name}{kind}, {load:g} ×", made, judged)
            if room == 0:
                found[load] = Rival(name=peer.name, events=worked_off(made), latency=judged.latency(0.5))
