"""Every kind of window against what it means: long before 1970, on days of 23 and 25 hours, out of order."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.window_spec import CalendarUnit, WindowSpec
from slac.runtime.operators.build import build_operator
from slac.stream.batch import TIME
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events
from tests.runtime.operators.per_row import CALLS, SCHEMA, SIZES, node
from tests.runtime.operators.test_window_calendar import HOUR, UNITS, label, micros

MINUTE = HOUR // 60
ZONE = "Europe/Berlin"
# Long ago, over the epoch, a day of 23 hours, one of 25, and the turn of a year.
STARTS = tuple(
    micros(datetime.fromisoformat(f"{hour}:00+00:00"))
    for hour in ("1901-12-13T00", "1969-12-31T00", "2026-03-28T20", "2026-10-24T20", "2025-12-31T00")
)
FIXED = {
    "tumbling": WindowSpec(kind="tumbling", size=70 * MINUTE, every=70 * MINUTE),
    "hopping": WindowSpec(kind="hopping", size=90 * MINUTE, every=60 * MINUTE),
    "session": WindowSpec(kind="session", size=45 * MINUTE),
    "sliding": WindowSpec(kind="sliding", size=50 * MINUTE),
    "running": WindowSpec(kind="running"),
}
CALENDAR = {unit: WindowSpec(kind="calendar", size=25 * HOUR, every=25 * HOUR, unit=unit, zone=ZONE) for unit in UNITS}
ROWS = st.lists(st.tuples(st.integers(0, 40 * 60), st.sampled_from("ab")), min_size=1, max_size=25)


def defined(spec: WindowSpec, rows: list[tuple[int, str]]) -> Counter[Any]:
    """(window, key, number of rows), as often as it is said."""
    match spec.kind:
        case "tumbling" | "hopping":
            held = Counter((n * spec.every + spec.size, k) for t, k in rows for n in covering(spec, t))
            return Counter((end, k, n) for (end, k), n in held.items())
        case "calendar":
            unit: CalendarUnit = spec.unit or "day"
            days = Counter((label(t, unit, ZONE), k) for t, k in rows)
            return Counter((day, k, n) for (day, k), n in days.items())
        case "session":
            return Counter(s for key in "ab" for s in sessions(sorted(t for t, k in rows if k == key), key, spec.size))
        case _:
            reach = spec.size or 1 << 60
            return Counter((t + 1, k, sum(t - reach < u <= t and m == k for u, m in rows)) for t, k in rows)


def covering(spec: WindowSpec, t: int) -> list[int]:
    """The numbers of the windows that hold an instant."""
    last = t // spec.every
    return [
        n
        for n in range(last - spec.size // spec.every - 1, last + 1)
        if n * spec.every <= t < n * spec.every + spec.size
    ]


def sessions(times: list[int], key: str, gap: int) -> list[tuple[int, str, int]]:
    """Chains of instants that are less than a gap apart."""
    found: list[tuple[int, str, int]] = []
    for place, t in enumerate(times):
        if place and t - times[place - 1] < gap:
            found[-1] = (t + gap, key, found[-1][2] + 1)
        else:
            found.append((t + gap, key, 1))
    return found


@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("kind", [*FIXED, *CALENDAR])
@given(start=st.sampled_from(STARTS), rows=ROWS, sizes=SIZES, shuffle=st.randoms(use_true_random=False))
def test_a_window_is_what_it_means_in_order_or_not(
    kind: str, start: int, rows: list[tuple[int, str]], sizes: list[int], shuffle: Any
) -> None:
    """Out of order within `lateness` is as in order, in any slicing; nothing is late."""
    spec = FIXED.get(kind) or CALENDAR[kind]  # type: ignore[index]
    ordered = sorted((start + m * MINUTE, k) for m, k in rows)
    lateness = 3 * HOUR
    jumbled = sorted(ordered, key=lambda row: row[0] + shuffle.randrange(lateness))
    frame = events([{TIME: t, "k": k, "x": 1.0} for t, k in jumbled], SCHEMA)
    target = Driver(lambda: build_operator(node(spec, CALLS[:1], retain=1 << 50), CONTEXT))
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        target.advance(arrivals.watermark)
    out = target.finish().with_columns(pl.col(TIME).cast(pl.Int64))

    def window(end: int) -> Any:
        return label(end - 1, spec.unit or "day", ZONE) if spec.kind == "calendar" else end

    assert Counter((window(t + 1), k, n) for t, k, n in out.select(TIME, "k", "n").rows()) == defined(spec, ordered)
    assert target.operator.statistics()["late"] == 0
