"""Rows of the table: what one load did to an engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import psutil

from benchmarks.overload.judging import NUMBERS, Judged, Truth, judge
from benchmarks.overload.rival import LAST, Endured
from benchmarks.overload.subject import Run, Second
from benchmarks.overload.traffic import WINDOW, Form
from benchmarks.report import Bar, Row, row

AFTER_STEP: Final = 3.0
"""Seconds behind a step of the load whose readings do not count."""
POINTS: Final = 0.02
"""Of the machine, by which a reading may lie above the budget."""
_SHARE: Final = 0.95
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """What another engine did under the same load: events a second, and the median latency (s)."""

    name: str
    events: float
    latency: float


def told(name: str, made: Run, form: Form, *, offered: float, fits: float, rival: Rival | None = None) -> Iterator[Row]:
    """The rows of one load, the middle of three parts. What was kept is told by the rows of its windows."""
    begins, ends = made.parts[1]["at"], made.parts[2]["at"]
    length, counted = ends - begins, made.counts["counted"]
    judged = judge(made.said, Truth(made.windows, form), begins, ends, math.inf)
    kept = judged.kept * 1e3 / (WINDOW * max(judged.windows, 1))
    yield from _handed(name, made.parts, length)
    against: dict[str, Any] = {"peer": rival.name, "peer_value": rival.events} if rival else {}
    yield row(f"{name}: events kept", kept, "1/s", **against)
    if offered > fits:
        share = (kept + counted / length) / fits
        yield row(f"{name}: events kept or counted, of what fits", share, "", bar=Bar("over", 0.8))
    if counted:
        yield row(f"{name}: events counted, though dropped", counted / length, "1/s")
    yield from _used(name, [s for s in made.seconds if begins + AFTER_STEP < s.at <= ends])
    yield from verdicts(name, judged, rival)
    if offered > fits:
        late = until_open(made, ends)
        yield row(f"{name}: until nothing is dropped any more", late, "s", bar=Bar("under", 5.0))


def lost(name: str, made: Run) -> Iterator[Row]:
    """Where nothing may be dropped: events that no result has, of windows that closed before the feed ended."""
    begins, ends = made.parts[0]["at"], made.parts[-1]["at"] - WINDOW / 1e3
    judged = judge(made.said, Truth(made.windows, "ndjson"), begins, ends, math.inf)
    sent = (made.parts[2]["sent"] - made.parts[1]["sent"]) / (made.parts[2]["at"] - made.parts[1]["at"])
    yield row(f"{name}: events handed over", sent, "1/s")
    yield row(f"{name}: results that never came", judged.unsaid, "", bar=Bar("under", 1))
    yield row(f"{name}: numbers that are not those of all events", judged.untrue, "", bar=Bar("under", 1))
    yield row(f"{name}: latency of a result, longest", judged.latency(1.0), "s")
    dropped = sum(made.counts.get("dropped", {}).values())
    yield row(f"{name}: events dropped, or refused", dropped, "", bar=Bar("under", 1))


def worked_off(made: Endured) -> float:
    """Events a second that Esper did of the second part of its curve, as long as it lived."""
    return made.done(made.parts[1]["at"], min(made.parts[2]["at"], made.died or math.inf))


def judged_of(made: Endured) -> Judged:
    """What Esper said of that part while it was fed, and shortly after."""
    begins, ends = made.parts[1]["at"], made.parts[2]["at"]
    return judge(made.said, Truth(made.windows, "ndjson"), begins, ends, ends + LAST)


def of_esper(name: str, made: Endured, judged: Judged) -> Iterator[Row]:
    """The rows of Esper under one load, the second part of its curve."""
    begins, ends = made.parts[1]["at"], made.parts[2]["at"]
    yield from _handed(name, made.parts, ends - begins)
    yield row(f"{name}: events worked off", worked_off(made), "1/s")
    yield from _used(name, [s for s in made.seconds if begins + AFTER_STEP < s.at <= ends] or made.seconds[-1:])
    yield from verdicts(name, judged)
    yield row(f"{name}: events that wait at the end", made.progress[-1].waiting if made.progress else 0, "")
    if made.died:
        yield row(f"{name}: dead, out of memory, after", made.died - begins, "s")


def _handed(name: str, parts: Sequence[dict[str, float]], length: float) -> Iterator[Row]:
    sent, left = (parts[2][key] - parts[1][key] for key in ("sent", "left"))
    yield row(f"{name}: events offered", (sent + left) / length, "1/s")
    if left:
        yield row(f"{name}: of them nobody took", left / (sent + left), "")


def _used(name: str, seconds: Sequence[Second]) -> Iterator[Row]:
    if seconds:
        yield row(f"{name}: cores", fmean(s.cores for s in seconds), "")
        yield row(f"{name}: memory", max(s.resident for s in seconds) / _MIB, "MiB")


def verdicts(name: str, judged: Judged, rival: Rival | None = None) -> Iterator[Row]:
    """How late, how wrong, and how open what was said is."""
    said = judged.rows + judged.unsaid
    if judged.unsaid:
        yield row(f"{name}: results that never came", judged.unsaid / said, "")
    if not judged.rows:
        return
    against: dict[str, Any] = (
        {"peer": rival.name, "peer_value": rival.latency} if rival and math.isfinite(rival.latency) else {}
    )
    yield row(f"{name}: latency of a result, median", judged.latency(0.5), "s", **against)
    yield row(f"{name}: latency of a result, longest", judged.latency(1.0), "s")
    for number in NUMBERS:
        if judged.errors[number]:
            yield row(f"{name}: error of {number}, 95 % of results", judged.error(number, _SHARE), "")
    if judged.intervals:
        yield row(f"{name}: intervals that hold the truth", judged.held / judged.intervals, "")
    if judged.exact:
        yield row(f"{name}: numbers given as exact that are not", judged.untrue / judged.exact, "")
    yield row(f"{name}: verdicts UNDECIDED", judged.undecided / judged.verdicts, "")
    yield row(f"{name}: verdicts that are wrong", judged.wrong / judged.verdicts, "")


def until_open(made: Run, ends: float) -> float:
    """Seconds from the end of the load until the gate lets all through; 99 where it never does."""
    open_again = [at for at, share in made.gate if at >= ends and share == 1.0]
    closed = [share for at, share in made.gate if at < ends][-1:]
    if closed == [1.0] or not closed:
        return 0.0
    return open_again[0] - ends if open_again else 99.0


def bars(pooled: Sequence[Run], cores: float, memory: int) -> Iterator[Row]:
    """What holds over all runs together; `memory` in MiB."""
    machine, of_memory = psutil.cpu_count() or 1, psutil.virtual_memory().total / _MIB
    seconds = [s for made in pooled for s in made.seconds if not _is_near_step(s, made)]
    number = max(len(seconds), 1)
    inside = sum(s.cores <= cores + POINTS * machine for s in seconds) / number
    held = sum(s.resident <= (memory + POINTS * of_memory) * _MIB for s in seconds) / number
    yield row("readings", len(seconds), "")
    yield row("readings within the processor's budget and two points", inside, "", bar=Bar("over", 0.989))
    yield row("readings within the memory's budget and two points", held, "", bar=Bar("over", 0.989))
    ended = sum(not m.survived for m in pooled)
    yield row("runtimes that were killed, or ended", ended, "", bar=Bar("under", 1))


def _is_near_step(second: Second, made: Run) -> bool:
    return any(p["at"] < second.at <= p["at"] + AFTER_STEP + 1 for p in made.parts)
