"""Events of all ports in the total order, as numbers: one number is one event, also where several ports show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.patterns.columns.names import ORD
from slac.runtime.patterns.events import MASK
from slac.stream.batch import DEPTH, ID, instants
from slac.stream.framing import column_of

__all__ = ["numbered", "ordered", "placed"]

Numbers = npt.NDArray[np.int64]
Column = npt.NDArray[Any]


def ordered(
    frames: Mapping[int, pl.DataFrame], keys: Sequence[str], first: int
) -> tuple[dict[int, pl.DataFrame], Numbers]:
    """The frames by port, sorted, with `ORD` from `first` on; and the time (µs) of each number."""
    ports = sorted(frames)
    whole = [frames[p].rechunk() for p in ports]
    if len(ports) == 1 and _all_rise(times := instants(whole[0]).to_numpy()):
        # As most streams come: each row is an event, and stands where it should.
        return {ports[0]: whole[0].hstack([column_of(ORD, np.arange(first, first + len(times)))])}, times
    times = np.concatenate([instants(f).to_numpy() for f in whole])
    depths = np.concatenate([f[DEPTH].to_numpy() for f in whole])
    ids = np.concatenate([f[ID].to_numpy() for f in whole])
    port = np.repeat(np.array(ports), [f.height for f in whole])
    order = _order([times, depths, ids, port])
    if order is not None:
        times, depths, ids, port = times[order], depths[order], ids[order], port[order]
    new = np.ones(len(times), np.bool_)
    new[1:] = (times[1:] != times[:-1]) | (ids[1:] != ids[:-1]) | (depths[1:] != depths[:-1])
    numbers = np.cumsum(new) - 1 + first
    if order is not None:
        unsorted = numbers
        numbers = np.empty_like(unsorted)
        numbers[order] = unsorted
    twice = bool((~new[1:] & (port[1:] == port[:-1])).any())
    parts = np.split(numbers, np.cumsum([f.height for f in whole])[:-1])
    made = {p: _sorted(f, n, keys, twice=twice) for p, f, n in zip(ports, whole, parts, strict=True)}
    return made, times if new.all() else times[new]


def placed(frame: pl.DataFrame) -> tuple[pl.DataFrame, Numbers, Numbers]:
    """Rows that were held, in the total order: each is an event of its own; their times (µs), and where they stood."""
    times = instants(frame).to_numpy()
    order = _order([times, frame[DEPTH].to_numpy(), frame[ID].to_numpy()])
    if order is None:
        return frame, times, np.arange(frame.height)
    return frame[order], times[order], order


def numbered(frame: pl.DataFrame) -> Numbers:
    """`ORD` as an array."""
    return frame[ORD].to_numpy()


def _all_rise(times: Numbers) -> bool:
    return bool((times[1:] > times[:-1]).all())


def _order(columns: Sequence[Column]) -> Numbers | None:
    """Where the rows stand when they are sorted by some columns, times first; None where they are sorted."""
    if _rising(columns):
        return None
    times = columns[0]
    order = np.argsort(times)
    times = times[order]
    # Sorting by one column is several times as fast, and enough where no two are equal.
    return np.lexsort(columns[::-1]) if bool((times[1:] == times[:-1]).any()) else order


def _rising(columns: Sequence[Column]) -> bool:
    """Whether rows are in order of some columns; later ones are looked at where earlier ones are equal."""
    places = np.arange(len(columns[0]) - 1)
    for values in columns:
        before, after = (values[:-1], values[1:]) if values is columns[0] else (values[places], values[places + 1])
        if bool((after < before).any()):
            return False
        places = places[after == before]
        if not len(places):
            break
    return True


def _sorted(frame: pl.DataFrame, numbers: Numbers, keys: Sequence[str], *, twice: bool) -> pl.DataFrame:
    made = frame.hstack([column_of(ORD, numbers)])
    if (numbers[1:] < numbers[:-1]).any():
        made = made[np.argsort(numbers, kind="stable")]
    if not twice:
        return made
    # An id that came twice is one event: it fits what any of its rows fits, and the last of them is taken.
    by = [ORD, *keys]
    return (
        made.group_by(by, maintain_order=True)
        .agg(pl.col(MASK).bitwise_or(), pl.all().exclude(MASK, *by).last())
        .select(made.columns)
    )
