"""The forms that Bytewax can say, as a process that answers commands; it knows nothing of slac, nor runs where that is.

`flows.py FORM KIND FILE [KIND FILE …]`; `results PATH` writes the rows as CSV, `run` says the CPU seconds of one pass.
"""

import csv
import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import bytewax.operators as op
import bytewax.operators.windowing as windows
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

BATCH = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_WINDOW = datetime(2023, 1, 1, tzinfo=UTC)
"""Windows are counted from here, at a multiple of their distance."""
PATIENCE = timedelta(hours=1)


class Request(NamedTuple):
    """A request, with its instant both in µs and as Bytewax wants it."""

    at: int
    time: datetime
    client: str
    status: int
    duration: float


class Quota(NamedTuple):
    """What a client may ask for."""

    at: int
    client: str
    most: float


def read(kind: str, path: str) -> list[Any]:
    """The events of a file."""
    events: list[Any] = []
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        for row in csv.reader(file):
            at = 1000 * int(row[0])
            if kind == "requests":
                time_ = EPOCH + timedelta(microseconds=at)
                events.append(Request(at, time_, sys.intern(row[1]), int(row[2]), float(row[3])))
            else:
                events.append(Quota(at, sys.intern(row[1]), float(row[2])))
    return events


def served(batch: list[Request]) -> list[Request]:
    """Those that were served."""
    return [r for r in batch if r.status < 500]


def passing(stream: Any) -> Any:
    """What passes, in the form of the results."""
    return op.flat_map_batch("served", stream, lambda batch: [(r.at, r.client, r.duration) for r in served(batch)])


def windowed(windower: Any, distance: timedelta) -> Callable[[Any], Any]:
    """Count, sum and maximum by client and window."""
    clock = windows.EventClock(lambda r: r.time, wait_for_system_duration=PATIENCE)

    def fold(state: tuple[int, float, float], r: Request) -> tuple[int, float, float]:
        n, total, longest = state
        return n + 1, total + r.duration, max(longest, r.duration)

    def merge(a: tuple[int, float, float], b: tuple[int, float, float]) -> tuple[int, float, float]:
        return a[0] + b[0], a[1] + b[1], max(a[2], b[2])

    def row(item: tuple[str, tuple[int, tuple[int, float, float]]]) -> tuple[int, str, int, float, float]:
        client, (window, (n, total, longest)) = item
        began = (FIRST_WINDOW + window * distance - EPOCH) // timedelta(microseconds=1)
        return began, client, n, total, longest

    def flow(stream: Any) -> Any:
        keyed = op.flat_map_batch("keyed", stream, lambda batch: [(r.client, r) for r in served(batch)])
        empty = (0, 0.0, -math.inf)
        folded = windows.fold_window("fold", keyed, clock, windower, lambda: empty, fold, merge)
        return op.map("row", folded.down, row)

    return flow


def tumbling() -> Callable[[Any], Any]:
    """10 s."""
    distance = timedelta(seconds=10)
    return windowed(windows.TumblingWindower(length=distance, align_to=FIRST_WINDOW), distance)


def hopping() -> Callable[[Any], Any]:
    """60 s every 10 s."""
    distance = timedelta(seconds=10)
    sliding = windows.SlidingWindower(length=timedelta(seconds=60), offset=distance, align_to=FIRST_WINDOW)
    return windowed(sliding, distance)


def with_state(step: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any], Any]:
    """By client, one event after the other; rows that are not None come out."""

    def flow(stream: Any) -> Any:
        keyed = op.flat_map_batch("keyed", stream, lambda batch: [(e.client, e) for e in batch])
        stepped = op.stateful_map("step", keyed, step)
        return op.flat_map_batch("rows", stepped, lambda batch: [row for _, row in batch if row is not None])

    return flow


def latest(most: float | None, event: Request | Quota) -> tuple[float | None, Any]:
    """A request with the quota that holds then."""
    if isinstance(event, Quota):
        return event.most, None
    return most, (event.at, event.client, event.duration, most)


def three_sigma(state: tuple[int, float, float] | None, r: Request) -> tuple[tuple[int, float, float], Any]:
    """Welford's algorithm; a request is held against those before it."""
    n, mean, squares = state or (0, 0.0, 0.0)
    slow = n > 1 and r.duration > mean + 3 * math.sqrt(squares / (n - 1))
    row = (r.at, r.client, r.duration, mean) if slow else None
    away = r.duration - mean
    after = mean + away / (n + 1)
    return (n + 1, after, squares + away * (r.duration - after)), row


FORMS: dict[str, Callable[[Any], Any]] = {
    "filter": passing,
    "tumbling": tumbling(),
    "hopping": hopping(),
    "latest": with_state(latest),
    "three_sigma": with_state(three_sigma),
}


def run(form: str, events: Iterable[Any]) -> tuple[float, list[Any]]:
    """CPU seconds and rows of one pass."""
    rows: list[Any] = []
    flow = Dataflow(form)
    stream = op.input("events", flow, TestingSource(events, batch_size=BATCH))
    op.output("out", FORMS[form](stream), TestingSink(rows))
    began = time.process_time()
    run_main(flow)
    return time.process_time() - began, rows


def main(form: str, files: list[str]) -> None:
    """Answer commands until there are no more."""
    events: list[Any] = []
    for i in range(0, len(files), 2):
        events += read(files[i], files[i + 1])
    if len(files) > 2:
        events.sort(key=lambda e: e.at)
    for line in sys.stdin:
        word, _, path = line.strip().partition(" ")
        seconds, rows = run(form, events)
        if word == "results":
            with open(path, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
                csv.writer(file).writerows(rows)
        print(json.dumps("done" if word == "results" else seconds), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
