"""Events of all ports in the total order, as numbers: one number is one event, also where several ports show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.patterns.columns.names import ORD
from slac.runtime.patterns.events import MASK
from slac.stream.batch import DEPTH, ID, instants

__all__ = ["numbered", "ordered", "placed"]

Numbers = npt.NDArray[np.int64]


def ordered(
    frames: Mapping[int, pl.DataFrame], keys: Sequence[str], first: int
) -> tuple[dict[int, pl.DataFrame], Numbers]:
    """The frames by port, sorted, with `ORD` from `first` on; and the time (µs) of each number."""
    ports = sorted(frames)
    whole = [frames[p] for p in ports]
    times = np.concatenate([instants(f).to_numpy() for f in whole])
    depths = np.concatenate([f[DEPTH].to_numpy() for f in whole])
    ids = np.concatenate([f[ID].to_numpy() for f in whole])
    port = np.repeat(np.array(ports), [f.height for f in whole])
    order = np.lexsort((port, ids, depths, times))
    times, depths, ids, port = times[order], depths[order], ids[order], port[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(times) != 0) | (ids[1:] != ids[:-1]) | (depths[1:] != depths[:-1])
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(new) - 1 + first
    twice = bool((~new[1:] & (port[1:] == port[:-1])).any())
    parts = np.split(numbers, np.cumsum([f.height for f in whole])[:-1])
    made = {p: _sorted(f, n, keys, twice=twice) for p, f, n in zip(ports, whole, parts, strict=True)}
    return made, times[new]


def placed(frame: pl.DataFrame) -> tuple[pl.DataFrame, Numbers]:
    """Rows that were held, sorted, with `ORD` from 0 on: each is an event of its own; and their times (µs)."""
    order = np.lexsort((frame[ID].to_numpy(), frame[DEPTH].to_numpy(), instants(frame).to_numpy()))
    rows = frame[order]
    return rows.with_columns(pl.Series(ORD, np.arange(rows.height))), instants(rows).to_numpy()


def numbered(frame: pl.DataFrame) -> Numbers:
    """`ORD` as an array."""
    return frame[ORD].to_numpy()


def _sorted(frame: pl.DataFrame, numbers: Numbers, keys: Sequence[str], *, twice: bool) -> pl.DataFrame:
    made = frame.with_columns(pl.Series(ORD, numbers))
    if (np.diff(numbers) < 0).any():
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
