"""What shapes find, before it is turned into rows: when, in which key, and what each tag holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.nodes import PatternNode
from slac.runtime.patterns.results import Results
from slac.runtime.patterns.spread import Spread
from slac.stream.batch import TIME, TIME_TYPE
from slac.stream.framing import column_of
from slac.stream.ids import Hashed

__all__ = ["Matches", "said"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Matches in the order of delivery: `times` in µs, the keys, hashed ids behind tags, columns of tags by name.

    `states`: where they are in order of time and key already, what is hashed of both. `distinct`: no two are equal.
    `listed`: the ids of each match behind tags that hold several rows.
    """

    times: npt.NDArray[np.int64]
    keys: Sequence[pl.Series]
    ids: Mapping[str, Hashed]
    bound: Mapping[str, pl.Series | Spread] = field(default_factory=dict)
    states: Hashed | None = None
    distinct: bool = False
    listed: Mapping[str, Callable[[], pl.Series]] = field(default_factory=dict)


def said(node: PatternNode, results: Results, matches: Matches) -> pl.DataFrame | None:
    """The rows of matches; None where there are none."""
    if not len(matches.times):
        return None
    times = column_of(TIME, matches.times).cast(TIME_TYPE)
    tags = [matches.ids[t.name] for t in node.tags]
    bound = [_named(matches.bound[name], name) for name in results.read if name in matches.bound]
    listed = {tag: ids() for tag, ids in matches.listed.items()} if results.tells_edges else {}
    return results.rows(
        [times, *matches.keys], tags, bound, states=matches.states, distinct=matches.distinct, listed=listed
    )


def _named(column: pl.Series | Spread, name: str) -> Spread:
    spread = column if isinstance(column, Spread) else Spread(column)
    return replace(spread, values=spread.values.alias(name))
