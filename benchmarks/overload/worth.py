"""What a contract promises, over two thousand windows for each kind of values: without processes, and without a clock.

The gate's own plan says what is admitted so that a declared error holds, from what it has seen of the events; then all
events go through gate and windows, and every number is held against what all of them give. Shares are judged by a
binomial test at one per cent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import polars as pl

from benchmarks.report import Bar, Row, row
from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.core import Core
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.shedding.offers import InputLoad, admission_of
from slac.shedding.rates import Offer, allocate
from slac.stream.batch import BOUNDS, TIME
from slac.stream.ports import Records

Kind = Literal["constant", "exponential", "lognormal", "1 % failures"]
Way = Literal["counted before", "unread"]
KINDS: Final[tuple[Kind, ...]] = ("constant", "exponential", "lognormal", "1 % failures")
WAYS: Final[tuple[Way, ...]] = ("counted before", "unread")
ERRORS: Final[dict[Kind, float]] = {"constant": 0.1, "exponential": 0.1, "lognormal": 0.1, "1 % failures": 0.3}
"""As declared: five hundred events of which some last thirty times as long keep no smaller error."""
CONFIDENCE: Final = 0.95
KEYS: Final = 50
MINUTES: Final = 40
EVENTS: Final = 500
"""Of one window."""
_PIECES: Final = 40
_SECOND: Final = 1_000_000
START: Final = 1_700_000_040 * _SECOND
_COSTS: Final[dict[Way, tuple[float, float]]] = {"counted before": (1e-7, 1e-5), "unread": (1e-5, 1e-8)}
"""Processor time to decode an event, and for one that passes: by these a plan counts, or drops unread."""
_NEAR: Final = 1e-9
NUMBERS: Final = {"n": "counts", "failed": "counts of failures", "ratio": "error ratios", "value": "means"}
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: worth}
spec:
  events:
    Request: {payload: {service: string, ok: bool, value: float}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request}
  computations:
    health:
      from: requests
      by: service
      window: tumbling 1m
      select: [{n: COUNT(*)}, {value: AVG(value)}FAILURES]
      shed: {approximate: {error: ERROR%, confidence: 95%}}
  violations:
    many: {from: health, where: n > 1000000, by: service}
  outputs:
    log: {adapter: stdout, from: [many, health]}
"""
FAILURES: Final = ", {failed: COUNT(*) FILTER (WHERE NOT ok)}, {ratio: SHARE(NOT ok)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Windows with what is true of them (`true_…`), and the share that was kept."""

    windows: pl.DataFrame
    kept: float

    def within(self, name: str, error: float) -> float:
        """The share of windows in which a number is off by no more than this, relative to the true one."""
        value, true = (self.windows[n].cast(pl.Float64) for n in (name, f"true_{name}"))
        return _share(((value - true).abs() <= error * true.abs() + _NEAR).fill_null(value=False))

    def error(self, name: str) -> float:
        """Root mean square of the errors relative to the true numbers that are not 0; of no number all of it."""
        both = self.windows.filter(pl.col(f"true_{name}") != 0)
        value, true = (both[n].cast(pl.Float64) for n in (name, f"true_{name}"))
        off = (value / true - 1.0).fill_null(-1.0).to_numpy()
        return float(np.sqrt(np.mean(off * off)))

    def held(self, name: str) -> float:
        """The share of windows whose interval holds the true number; without one a number has to be the true one."""
        low, high = (self._end(name, end) for end in ("low", "high"))
        true = self.windows[f"true_{name}"].cast(pl.Float64)
        near = _NEAR * true.abs().clip(1.0)
        return _share((low <= true + near) & (true - near <= high))

    def false(self, name: str) -> int:
        """How many are given without an interval, and are not true."""
        exact = self._end(name, "low") == self._end(name, "high")
        true = self.windows[f"true_{name}"].cast(pl.Float64)
        off = (self.windows[name].cast(pl.Float64) - true).abs() > _NEAR * true.abs().clip(1.0)
        return int((exact & off).sum())

    def exact(self, name: str) -> int:
        """How many are the true ones, to the last digits."""
        true = self.windows[f"true_{name}"].cast(pl.Float64)
        return int(((self.windows[name].cast(pl.Float64) - true).abs() <= _NEAR * true.abs().clip(1.0)).sum())

    def _end(self, name: str, end: str) -> pl.Series:
        value = self.windows[name].cast(pl.Float64)
        if BOUNDS not in self.windows.columns:
            return value
        fields = {f.name for f in self.windows.schema[BOUNDS].fields}  # type: ignore[attr-defined]
        if f"{name}_{end}" not in fields:
            return value
        return self.windows[BOUNDS].struct.field(f"{name}_{end}").cast(pl.Float64).fill_null(value)


def measure_rows() -> Iterator[Row]:
    """Rows of every kind of values, and of both ways to drop."""
    for kind in KINDS:
        yield from promised(kind)
    yield from _against_chance()


def promised(kind: Kind) -> Iterator[Row]:
    """Rows of one kind of values."""
    number = KEYS * MINUTES
    bar = Bar("over", lowest(CONFIDENCE, number))
    for way in WAYS:
        found, name = outcome(kind, way), f"{kind}, {way}"
        yield row(f"{name}: kept, for an error of {ERRORS[kind]:.0%}", found.kept, "")
        yield row(f"{name}: means within it", found.within("value", ERRORS[kind]), "", bar=bar)
        for value, text in NUMBERS.items():
            if way == "unread" or value == "value":
                yield row(f"{name}: intervals of {text} that hold the truth", found.held(value), "", bar=bar)
        yield from _counts(name, found, way, number)


def _against_chance() -> Iterator[Row]:
    """What knowing failures is worth: root mean square of relative errors, beside as many events kept at random.

    Where an event that passes costs far more than to decode it, as many are kept in the same processor time.
    """
    chosen = outcome("1 % failures", "counted before")
    plain = result("1 % failures", Admission(unread=weight_of(chosen.kept)))
    for value in ("failed", "ratio", "value"):
        name, bar = f"1 % failures, {chosen.kept:.1%} kept: error of {NUMBERS[value]}", Bar("under", 0.5, of="ratio")
        yield row(name, chosen.error(value), "", peer="at random", peer_value=plain.error(value), bar=bar)


def _counts(name: str, found: Outcome, way: Way, number: int) -> Iterator[Row]:
    """What is counted before it is dropped is exact; what is dropped unread is marked as an estimate."""
    for value, text in NUMBERS.items():
        if way == "unread":
            yield row(f"{name}: {text} given as exact that are not", found.false(value), "", bar=Bar("under", 1))
        elif value != "value":
            yield row(f"{name}: {text} that are not exact", number - found.exact(value), "", bar=Bar("under", 1))


def lowest(share: float, number: int) -> float:
    """The share of so many that is not surpassed by chance in one of a hundred cases, where the true one is this."""
    spread: float = (share * (1 - share) / number) ** 0.5
    return round(share - 2.326 * spread - 0.5 / number, 4)


def outcome(kind: Kind, way: Way) -> Outcome:
    """All windows under the admission that a plan of the gate finds for the declared error."""
    return result(kind, admitted(kind, way))


def result(kind: Kind, admission: Admission) -> Outcome:
    """All windows, when the gate admits so much."""
    core, rows = passed(kind, admission)
    true = passed(kind, OPEN)[1].select("service", TIME, *(pl.col(n).alias(f"true_{n}") for n in NUMBERS))
    counts = core.sources["requests"].gate.counts
    return Outcome(windows=true.join(rows, on=["service", TIME], how="left"), kept=counts.kept / counts.seen)


def admitted(kind: Kind, way: Way) -> Admission:
    """What keeps the declared error and no more: the least room with which the planned error is no larger."""
    # What is dropped unread keeps no bound for five failures in a window, and needs none to have an interval.
    plan = _plan(ERRORS[kind], failures=way == "counted before")
    core, node = Core(plan, now=START, live=False), plan["requests"]
    source = core.sources["requests"]
    for piece in events(kind):
        source.sieve.look = True
        core.on_records("requests", [_records(piece)])
    assert isinstance(node, SourceNode)
    reading, passing = _COSTS[way]
    rate = KEYS * EVENTS / 60.0
    offer = Offer(
        rate=rate,
        reading=reading,
        passing=passing,
        spec=node.gate,
        profile=source.sieve.profile,
        carried=0.05 if way == "counted before" else None,
    )
    load = InputLoad(seen=1, kept=1, cost=reading + passing, spec=node.gate, profile=offer.profile, carried=0.05)
    low, high = 0.01, 1.0
    for _ in range(30):
        share = (low + high) / 2
        rates = allocate(share * rate * (reading + passing), {"requests": offer}, 0.0)["requests"]
        low, high = (low, share) if rates.error is None or rates.error <= ERRORS[kind] else (share, high)
    rates = allocate(high * rate * (reading + passing), {"requests": offer}, 0.0)["requests"]
    return admission_of(rates, load)


def passed(kind: Kind, admission: Admission) -> tuple[Core, pl.DataFrame]:
    """The runtime, and the rows of all windows, when the gate admits so much of all events."""
    core, rows = Core(_plan(ERRORS[kind]), now=START, live=False), list[pl.DataFrame]()
    if admission is not OPEN:
        core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    core.flow.tap = lambda node, batch: rows.append(batch.frame) if node == "health" else None
    for piece in events(kind):
        core.on_records("requests", [_records(piece)])
    core.on_input_ended("requests")
    return core, pl.concat(rows, how="diagonal")


@cache
def events(kind: Kind) -> Sequence[pl.DataFrame]:
    """The events of all windows in the order of time, in pieces."""
    draw, count = np.random.default_rng(17), KEYS * MINUTES * EVENTS
    ok = draw.random(count) >= 0.01
    times = (START + np.sort(draw.integers(0, MINUTES * 60 * _SECOND, count))) // 1000
    values = {
        "constant": np.full(count, 7.0),
        "exponential": draw.exponential(100.0, count),
        "lognormal": draw.lognormal(0.0, 1.0, count),
        "1 % failures": np.where(ok, 1.0, 30.0) * draw.exponential(100.0, count),
    }
    names = pl.Series([f"s{i}" for i in range(KEYS)])
    frame = pl.DataFrame(
        {"timestamp": times, "service": names[draw.integers(0, KEYS, count)], "ok": ok, "value": values[kind]}
    )
    size = -(-count // _PIECES)
    return [frame[i : i + size] for i in range(0, count, size)]


@cache
def _plan(error: float, *, failures: bool = True) -> Plan:
    text = DOCUMENT.replace("FAILURES", FAILURES if failures else "").replace("ERROR", f"{100 * error:g}")
    return compile_document(Source("worth.yaml", text)).plan


def _records(piece: pl.DataFrame) -> Records:
    return Records(source="web", arrival=START + 86_400 * _SECOND, frame=piece)


def _share(of: pl.Series) -> float:
    return float(of.mean())  # type: ignore[arg-type]
