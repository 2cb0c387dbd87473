"""RATE, INCREASE and DELTA in windows of every kind: what plain Python makes of the samples, in any slicing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowNode, WindowSpec
from slac.runtime.instructions import Mixed
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ID, TIME, Batch
from tests.runtime.operators.driving import CONTEXT, Driver, events
from tests.runtime.operators.per_row import SIZES, node
from tests.runtime.operators.test_steps import CALLS, ODD, SCHEMA, feed

WINDOWS = {
    "tumbling": WindowSpec(kind="tumbling", size=10, every=10),
    "hopping": WindowSpec(kind="hopping", size=20, every=5),
    "session": WindowSpec(kind="session", size=5),
    "sliding": WindowSpec(kind="sliding", size=10),
    "running": WindowSpec(kind="running"),
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            TIME: st.integers(0, 60),
            "k": st.sampled_from(["a", "b", None]),
            "x": st.none() | st.integers(0, 5).map(float) | st.integers(0, 99).map(lambda n: n / 8) | ODD,
            "i": st.none() | st.integers(0, 5) | st.sampled_from([2**63 - 1, -(2**63), 2**62]),
        }
    ),
    max_size=40,
).map(lambda rows: events(rows, SCHEMA))
Row = dict[str, Any]


def driver(spec: WindowNode) -> Driver:
    """A driver of a fresh operator, as the plan's node asks for it."""
    return Driver(lambda: build_operator(spec, CONTEXT))


def values(rows: Iterable[Row]) -> dict[str, float | None]:
    """Every call over the samples of one group, by the definition."""
    ordered = sorted(rows, key=lambda r: (r[TIME], r[ID]))
    found: dict[str, float | None] = {}
    for name in "xi":
        given = [(r[TIME], r[name]) for r in ordered if r[name] is not None]
        samples = [(t, v) for t, v in given if math.isfinite(v)]
        steps = [b - a if b >= a else max(b, 0) for (_, a), (_, b) in pairwise(samples)]
        nan = math.nan if len(samples) < len(given) else None
        enough = len(samples) > 1
        seconds = (samples[-1][0] - samples[0][0]) / 1e6 if enough else 0.0
        found[f"increase_{name}"] = nan or (float(sum(steps)) if enough else None)
        found[f"rate_{name}"] = nan or (sum(steps) / seconds if seconds else None)
        found[f"delta_{name}"] = nan or (float(samples[-1][1] - samples[0][1]) if enough else None)
    return found


def windows(kind: str, rows: Sequence[Row]) -> list[tuple[int, Any, dict[str, float | None]]]:
    """(time of the result, key, values) of all windows, by the definition."""
    spec, found = WINDOWS[kind], []
    for key in dict.fromkeys(r["k"] for r in rows):
        own = sorted((r for r in rows if r["k"] == key), key=lambda r: (r[TIME], r[ID]))
        match kind:
            case "tumbling" | "hopping":
                for start in range(-20, 61, spec.every):
                    inside = [r for r in own if start <= r[TIME] < start + spec.size]
                    found += [(start + spec.size - 1, key, values(inside))] if inside else []
            case "session":
                cuts = [i for i, r in enumerate(own) if not i or r[TIME] - own[i - 1][TIME] >= spec.size]
                for a, b in zip(cuts, [*cuts[1:], len(own)], strict=True):
                    found.append((own[b - 1][TIME] + spec.size - 1, key, values(own[a:b])))
            case _:
                low = spec.size if kind == "sliding" else 10**9
                for row in own:
                    seen = [r for r in own if row[TIME] - low < r[TIME] <= row[TIME]]
                    found.append((row[TIME], key, values(seen)))
    return found


def same(got: float | None, wanted: float | None) -> bool:
    """Equal, as near as doubles of whole numbers are."""
    if got is None or wanted is None:
        return got is wanted
    return got == pytest.approx(wanted, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("kind", WINDOWS)
@settings(max_examples=25, deadline=None)
@given(frame=ROWS, lateness=st.integers(0, 40), sizes=SIZES, restart=st.booleans())
def test_windows_are_those_of_the_definition(
    kind: str,
    frame: pl.DataFrame,
    lateness: int,
    sizes: list[int],
    restart: bool,  # noqa: FBT001 - drawn
) -> None:
    """In any slicing, restarted anywhere; what comes late is dropped and counted."""
    on_time, watermark = [], -(10**9)
    for row in frame.with_columns(pl.col(TIME).to_physical()).rows(named=True):
        if row[TIME] >= watermark:
            on_time.append(row)
        watermark = max(watermark, row[TIME] - lateness)
    spec = node(WINDOWS[kind], calls=CALLS)
    target = driver(spec)
    out = feed(target, frame, sizes, lateness, restart=restart)
    got = out.with_columns(pl.col(TIME).to_physical()).rows(named=True) if out.width else []
    order = [(r[TIME], str(r["k"])) for r in got]
    wanted = sorted(windows(kind, on_time), key=lambda w: (w[0], str(w[1])))

    assert sorted(order) == [(t, str(k)) for t, k, _ in wanted]
    for row, (_, _, expected) in zip(sorted(got, key=lambda r: (r[TIME], str(r["k"]))), wanted, strict=True):
        assert [n for n, v in expected.items() if not same(row[n], v)] == []
    assert target.operator.statistics()["late"] == frame.height - len(on_time)
    whole = feed(driver(spec), frame, (1000,), lateness, restart=False)
    assert out.equals(whole) or out.height == whole.height == 0


def split(instances: Sequence[Sequence[Row]], order: Sequence[int]) -> tuple[list[Row], list[Mixed]]:
    """What a final says of the partial rows of some instances that come in an order."""
    whole = node(WINDOWS["tumbling"], calls=CALLS)
    final = driver(msgspec.structs.replace(whole, role="final"))
    sent = []
    for rows in instances:
        partial = driver(msgspec.structs.replace(whole, role="partial"))
        partial.give([Batch(events(rows, SCHEMA))])
        sent.append(partial.finish())
    for place in order:
        final.give([Batch(sent[place])])
    said = final.finish().rows(named=True)
    return said, list(final.operator.notices())  # type: ignore[arg-type]


def samples(*pairs: tuple[int, float]) -> list[Row]:
    """Samples of one series."""
    return [{TIME: t, "k": "a", "x": v, "i": int(v)} for t, v in pairs]


PIECES = (samples((0, 5.0), (1, 7.0)), samples((2, 9.0), (3, 1.0)), samples((5, 2.0), (9, 4.0)))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_a_series_that_moves_from_one_instance_to_another_is_one(order: Sequence[int]) -> None:
    """Pieces that are disjoint in time merge to what one runtime says, in whatever order they come."""
    said, notices = split(PIECES, order)
    rows = [{ID: i, **r} for i, r in enumerate(r for piece in PIECES for r in piece)]

    assert [r["increase_x"] for r in said] == [values(rows)["increase_x"]] == [8.0]
    assert all(same(said[0][n], v) for n, v in values(rows).items())
    assert not notices


def test_a_series_from_two_sources_at_once_is_reported() -> None:
    """Nobody can tell which sample follows which: the value is NULL, and it is told how often."""
    said, notices = split([samples((0, 5.0), (4, 7.0)), samples((3, 1.0), (8, 2.0))], (0, 1))

    assert {n: said[0][n] for n in ("rate_x", "increase_x", "delta_i")} == {
        "rate_x": None,
        "increase_x": None,
        "delta_i": None,
    }
    assert notices == [Mixed("b", 1, 10)]


def test_two_sources_that_meet_in_one_instant_are_two() -> None:
    """One instant is no order."""
    said, notices = split([samples((0, 5.0), (4, 7.0)), samples((4, 7.0), (8, 9.0))], (1, 0))

    assert said[0]["increase_x"] is None
    assert notices
