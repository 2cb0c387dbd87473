"""What knowing failures is worth in the same processor time: errors beside those of a plain dropper that takes as long.

The plain dropper is the runtime's own at its cheapest: records are dropped at random before they are decoded, all
alike. The gate admits what its own plan finds for the room that there is. Both are measured by turns on the same waves,
whose events come as quickly as where a gate drops, at some shares that they keep; the lines through these times say
what the gate keeps in the time of the plain one. Then both drop from two thousand windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Final

import numpy as np
import orjson
import polars as pl

from benchmarks.measure import alternate
from benchmarks.overload.worth import CONFIDENCE, DOCUMENT, FAILURES, NUMBERS, START, events, lowest, result
from benchmarks.report import Bar, Row, row
from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.core import Core
from slac.shedding.admission import LOWEST_FRACTION, Admission, weight_of
from slac.shedding.offers import InputLoad, admission_of, offer_of
from slac.shedding.rates import allocate
from slac.stream.ports import Records

KIND: Final = "1 % failures"
BUDGETS: Final = (0.5, 0.25)
"""As much processor time as the plain dropper takes to keep so much of all events."""
SHARES: Final = (0.02, 0.2, 0.5)
"""Of all events, at which both are measured."""
QUICKER: Final = 20
"""So many times as quickly do events come as in the windows whose errors are told."""
PIECES: Final = 16
TURNS: Final = 8
"""The median of so many, by turns."""
WAVE: Final = {"lines": 40_000, "Arrow": 130_000}
"""Events that a gate that drops gathers before it looks at them: 4 MiB."""
_ARRIVAL: Final = START + 86_400_000_000


def measure_rows() -> Iterator[Row]:
    """Of lines and of columns."""
    for form, pieces in (("lines", lines()), ("Arrow", columns())):
        yield from _of_form(form, pieces)


def _of_form(form: str, pieces: Sequence[Records]) -> Iterator[Row]:
    ways = {"plain": [Admission(unread=weight_of(share)) for share in SHARES], "gate": [*map(planned_for, SHARES)]}
    named = {
        f"{way} {share:g}": one for way, several in ways.items() for share, one in zip(SHARES, several, strict=True)
    }
    taken = alternate({name: partial(_pass, one, pieces) for name, one in named.items()}, TURNS)
    plain, gate = (line_of([taken[f"{way} {share:g}"] for share in SHARES]) for way in ways)
    number = sum(e.height for e in _quick())
    for text, at in (("dropped", 0), ("kept, more", 1)):
        sides = [1e6 * line[at] / number for line in (gate, plain)]
        yield row(
            f"{form}: processor time of an event that is {text}", sides[0], "µs", peer="at random", peer_value=sides[1]
        )
    for budget in BUDGETS:
        share = kept_in(plain[0] + plain[1] * budget, gate)
        yield from _against(f"{form}, where {budget:.0%} could be kept at random", planned_for(share), budget)


def _against(name: str, admission: Admission, share: float) -> Iterator[Row]:
    chosen, plain = result(KIND, admission), result(KIND, Admission(unread=weight_of(share)))
    yield row(f"{name}: kept in the same processor time", chosen.kept, "", peer="at random", peer_value=plain.kept)
    for value in ("failed", "ratio", "value"):
        text, bar = f"{name}: error of {NUMBERS[value]} in the same processor time", Bar("under", 0.5, of="ratio")
        yield row(text, chosen.error(value), "", peer="at random", peer_value=plain.error(value), bar=bar)
    least = Bar("over", lowest(CONFIDENCE, chosen.windows.height))
    for value, text in NUMBERS.items():
        yield row(f"{name}: intervals of {text} that hold the truth", chosen.held(value), "", bar=least)


def line_of(times: Sequence[float]) -> tuple[float, float]:
    """What none and all of the events would take on top of it, by the line that fits times at `SHARES` best."""
    slope, fixed = np.polyfit(SHARES, times, 1)
    return float(fixed), float(slope)


def kept_in(time: float, line: tuple[float, float]) -> float:
    """The share that is kept in a time; not below the least that a gate keeps."""
    fixed, slope = line
    return float(np.clip((time - fixed) / slope, LOWEST_FRACTION, 1.0))


@cache
def _known() -> tuple[InputLoad, float]:
    """What the gate knows of the events, and how many come a second."""
    core, node = Core(_plan(), now=START, live=False), _plan()["requests"]
    source = core.sources["requests"]
    assert isinstance(node, SourceNode)
    for piece in events(KIND)[:8]:
        source.sieve.look = True
        core.on_records("requests", [Records(source="web", arrival=_ARRIVAL, frame=piece)])
    told = source.sieve.hoisted.told
    load = InputLoad(seen=1, kept=1, cost=1e-6, reading=9e-7, spec=node.gate, profile=source.sieve.profile, told=told)
    return load, sum(e.height for e in events(KIND)) / (len(events(KIND)) * 60.0)


def planned_for(share: float) -> Admission:
    """What the gate's plan admits where there is room for so much of all events."""
    load, rate = _known()
    return admission_of(allocate(share * rate * load.cost, {"requests": offer_of(load, rate)})["requests"], load)


def _pass(admission: Admission, pieces: Sequence[Records]) -> None:
    core = Core(_plan(), now=START, live=False)
    core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    for piece in pieces:
        core.on_records("requests", [piece])
    core.on_input_ended("requests")


def columns() -> list[Records]:
    """The events as columns."""
    return [Records(source="web", arrival=_ARRIVAL, frame=frame) for frame in _waves("Arrow")]


def lines() -> list[Records]:
    """The same as lines."""
    return [
        Records(source="web", arrival=_ARRIVAL, ndjson=b"".join(orjson.dumps(e) + b"\n" for e in _told(frame)))
        for frame in _waves("lines")
    ]


def _waves(form: str) -> Sequence[pl.DataFrame]:
    together, size = pl.concat(_quick()), WAVE[form]
    return [together[i : i + size] for i in range(0, together.height, size)]


def _told(frame: pl.DataFrame) -> Iterator[dict[str, object]]:
    for event in frame.iter_rows(named=True):
        yield {"timestamp": event.pop("timestamp"), "payload": event}


@cache
def _quick() -> Sequence[pl.DataFrame]:
    """Some of the events, as they would come under far more load."""
    first = START // 1000
    sooner = (first + (pl.col("timestamp") - first) // QUICKER).alias("timestamp")
    return [piece.with_columns(sooner) for piece in events(KIND)[:PIECES]]


@cache
def _plan() -> Plan:
    text = DOCUMENT.replace("FAILURES", FAILURES).replace("ERROR", "30")
    return compile_document(Source("worth.yaml", text)).plan
