"""Aggregates over groups: partial state from rows, merging, and the value at the end.

Everything is by columns: a partial row holds the keys, `<call.name>.<part>` for each part of each call, and how many
input events stand behind the group: `_kept` (Int64) and `_seen` (Int128, multiples of 2⁻²⁰). Merging is associative,
commutative and independent of order, so that rows may be grouped batch by batch, instance by instance, in any way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import polars as pl

from slac.plan.aggregation.cells import cells_of_cells, cells_of_rows, has_cells, with_cells
from slac.plan.aggregation.counters import BurnRate, Histogram
from slac.plan.aggregation.counts import Count
from slac.plan.aggregation.ends import End
from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import Family, part
from slac.plan.aggregation.flags import Every, Share, Some
from slac.plan.aggregation.places import ByExtreme, FirstValues
from slac.plan.aggregation.ranks import Rank
from slac.plan.aggregation.registers import Distinct
from slac.plan.aggregation.samples import MIXED, Samples, with_neighbours
from slac.plan.aggregation.sketches import Quantile, Top
from slac.plan.aggregation.spread import Spread
from slac.plan.aggregation.totals import Average, Sum
from slac.plan.estimates.ranked import ThinnedQuantile
from slac.plan.estimates.rows import needed, sums
from slac.plan.estimates.thinned import ThinnedCount, ThinnedSpread, ThinnedValue
from slac.plan.expressions import AggregateCall
from slac.stream.batch import COUNT, ID, KEPT, SEEN, TIME, WEIGHT, WEIGHT_ONE, total_order
from slac.stream.framing import frame_of
from slac.stream.order import in_order
from slac.stream.sums import from_weight_units, weight_units
from slac.stream.types import to_polars

FAMILIES: Final[Mapping[str, Family]] = {
    "count": Count(),
    "sum": Sum(),
    "avg": Average(),
    "min": Extreme(greatest=False),
    "max": Extreme(greatest=True),
    "first": End(last=False),
    "last": End(last=True),
    "worst": Rank(worst=True),
    "best": Rank(worst=False),
    "share": Share(),
    "bool_and": Every(),
    "bool_or": Some(),
    "max_by": ByExtreme(greatest=True),
    "min_by": ByExtreme(greatest=False),
    "list": FirstValues(),
    "top": Top(),
    "count_distinct": Distinct(),
    "quantile": Quantile(),
    "median": Quantile(),
    "histogram": Histogram(),
    "var_pop": Spread(sample=False, root=False),
    "var_samp": Spread(sample=True, root=False),
    "stddev_pop": Spread(sample=False, root=True),
    "stddev_samp": Spread(sample=True, root=True),
    "burn_rate": BurnRate(),
    "rate": Samples("rate"),
    "increase": Samples("increase"),
    "delta": Samples("delta"),
}
"""Every aggregate that is built, by its key in `slac.plan.aggregate_signatures`."""
_ROW: Final = "_row~"
_BESIDE: Final[Mapping[str, Family]] = {
    "thinned_count": ThinnedCount(),
    "thinned_value": ThinnedValue(),
    "thinned_spread": ThinnedSpread(),
    "thinned_quantile": ThinnedQuantile(),
}
"""What is kept beside them where rows have weights (`slac.plan.estimates`)."""


def family(call: AggregateCall) -> Family:
    """What a call is made of; KeyError for an aggregate that is not built (the compiler refuses it before)."""
    return FAMILIES.get(call.function) or _BESIDE[call.function]


def follows_order(calls: Sequence[AggregateCall]) -> bool:
    """Whether raw rows must be given in the total order, those of one instant together, and late ones not at all."""
    return any(isinstance(family(call), Samples) for call in calls)


def mixed_series(calls: Sequence[AggregateCall]) -> pl.Expr | None:
    """Over partial rows: how many groups hold samples of one series that came from several sources at once."""
    mixed = [pl.col(part(call, MIXED)) for call in calls if isinstance(family(call), Samples)]
    return pl.any_horizontal(mixed).sum() if mixed else None


def partial_exprs(calls: Sequence[AggregateCall], columns: Collection[str] = (TIME, ID)) -> list[pl.Expr]:
    """What to put into `group_by(...).agg` over raw rows; `columns` are the names in that frame.

    They decide how events are counted: a row counts by `_kept` and `_seen` where it has them (it came from a window),
    else as one event of weight `_weight`, else as one.
    """
    return [*(e for call in calls for e in family(call).partial(call, columns)), *_support(columns)]


def merge_exprs(calls: Sequence[AggregateCall]) -> list[pl.Expr]:
    """What to put into `group_by(...).agg` over partial rows."""
    return [*(e for call in calls for e in family(call).merge(call)), pl.col(KEPT).sum(), pl.col(SEEN).sum()]


def final_exprs(calls: Sequence[AggregateCall]) -> list[pl.Expr]:
    """Over partial rows of distinct groups: `<call.name>` in the type of the call, `_seen` (Float64) and `_kept`."""
    values = [family(c).final(c).cast(to_polars(c.dtype)).alias(c.name) for c in calls]
    return [from_weight_units(pl.col(SEEN)).alias(SEEN), pl.col(KEPT), *values]


def empty_exprs(calls: Sequence[AggregateCall]) -> list[pl.Expr]:
    """The same columns for a group without rows: COUNT and the numbers of events are 0, all else is NULL."""
    values = [family(c).empty(c).cast(to_polars(c.dtype)).alias(c.name) for c in calls]
    return [pl.lit(0.0).alias(SEEN), pl.lit(0, pl.Int64).alias(KEPT), *values]


def part_columns(calls: Sequence[AggregateCall]) -> list[str]:
    """The names of all parts of all calls, in order."""
    return [part(call, name) for call in calls for name in family(call).parts(call)]


def partial_schema(keys: Mapping[str, pl.DataType], calls: Sequence[AggregateCall]) -> dict[str, pl.DataType]:
    """The columns of a partial frame: keys, parts, `_kept`, `_seen`."""
    parts = {part(c, name): dtype for c in calls for name, dtype in family(c).parts(c).items()}
    return {**keys, **parts, KEPT: pl.Int64(), SEEN: pl.Int128()}


def partials(frame: pl.DataFrame, keys: Sequence[str], calls: Sequence[AggregateCall]) -> pl.DataFrame:
    """Partial rows of raw rows, one a group, in no particular order; NULL keys are a group of their own."""
    if follows_order(calls):
        frame = in_order(frame, total_order(frame))
    return grouped_rows(frame, keys, calls, partial_exprs(calls, frame.columns))


def merged(frame: pl.DataFrame, keys: Sequence[str], calls: Sequence[AggregateCall]) -> pl.DataFrame:
    """Partial rows of partial rows, one a group, in no particular order."""
    cells = [call for call in calls if has_cells(call)] if keys else []
    if not cells or not frame.height:
        return grouped(frame, keys, merge_exprs(calls))
    groups = grouped(frame, keys, merge_exprs([call for call in calls if call not in cells]))
    columns = [*keys, *part_columns(calls), KEPT, SEEN]
    made = with_cells(groups, keys, cells_of_cells(frame, keys, cells), cells)
    return frame_of([made.get_column(name) for name in columns])


def grouped_rows(
    frame: pl.DataFrame, keys: Sequence[str], calls: Sequence[AggregateCall], exprs: Sequence[pl.Expr]
) -> pl.DataFrame:
    """`grouped` for raw rows: `exprs` are, or begin with, `partial_exprs`; where calls follow the order, rows do."""
    sampled = [call for call in calls if isinstance(family(call), Samples)]
    frame = with_neighbours(frame, keys, sampled) if sampled else frame
    beside = [(call, kind) for call in calls if isinstance(kind := family(call), ThinnedCount | ThinnedValue)]
    if beside and WEIGHT in frame.columns and frame.height:
        return _beside_rows(frame, keys, calls, exprs, beside)
    return _grouped_rows(frame, keys, calls, exprs)


def _beside_rows(
    frame: pl.DataFrame,
    keys: Sequence[str],
    calls: Sequence[AggregateCall],
    exprs: Sequence[pl.Expr],
    beside: Sequence[tuple[AggregateCall, ThinnedCount | ThinnedValue]],
) -> pl.DataFrame:
    """What rows add to estimates is summed up besides: as columns of a frame it would cost more than all else."""
    own = {part(call, name) for call, kind in beside for name in kind.parts(call)}
    names = [e.meta.output_name() for e in exprs]
    others = [e for e, name in zip(exprs, names, strict=True) if name not in own]
    row = [pl.col(_ROW).implode()] if not keys else [pl.col(_ROW)]
    made = _grouped_rows(frame.with_row_index(_ROW), keys, calls, [*row, *others])
    lengths = made[_ROW].list.len().cast(pl.Int64).to_numpy()
    rows = frame.select(needed(beside, frame.columns))[made[_ROW].explode()]
    found = sums(rows, beside, lengths)
    return made.hstack(list(found.values())).select(*keys, *names)


def _grouped_rows(
    frame: pl.DataFrame, keys: Sequence[str], calls: Sequence[AggregateCall], exprs: Sequence[pl.Expr]
) -> pl.DataFrame:
    cells = [call for call in calls if has_cells(call)] if keys else []
    if not cells or not frame.height:
        return grouped(frame, keys, exprs)
    names = {part(call, name) for call in cells for name in family(call).parts(call)}
    groups = grouped(frame, keys, [e for e in exprs if e.meta.output_name() not in names])
    columns = [*keys, *(e.meta.output_name() for e in exprs)]
    made = with_cells(groups, keys, cells_of_rows(frame, keys, cells), cells)
    return frame_of([made.get_column(name) for name in columns])


def grouped(frame: pl.DataFrame, keys: Sequence[str], exprs: Sequence[pl.Expr]) -> pl.DataFrame:
    """`group_by(keys).agg(exprs)`; without keys all rows are one group, and no rows are none."""
    if keys:
        return frame.group_by(keys).agg(exprs)
    return frame.select(exprs) if frame.height else frame.select(exprs).clear()


def _support(columns: Collection[str]) -> list[pl.Expr]:
    """`_kept` and `_seen` of raw rows; NULL in them is a row that came without (from another stream of a union)."""
    one = pl.lit(1, pl.Int64) if WEIGHT not in columns else (pl.col(WEIGHT).fill_null(WEIGHT_ONE) > 0).cast(pl.Int64)
    if KEPT in columns:
        kept = pl.coalesce(KEPT, one).sum()
    else:
        kept = pl.len().cast(pl.Int64) if WEIGHT not in columns else one.sum()
    weights = [weight_units(pl.col(SEEN))] if SEEN in columns else []
    weights += [pl.col(COUNT).cast(pl.Int128) * WEIGHT_ONE] if COUNT in columns else []
    weights += [pl.col(WEIGHT).cast(pl.Int128)] if WEIGHT in columns else []
    if weights:
        seen = pl.coalesce(*weights, pl.lit(WEIGHT_ONE, pl.Int128)).sum()
    else:
        seen = pl.len().cast(pl.Int128) * WEIGHT_ONE
    return [kept.alias(KEPT), seen.cast(pl.Int128).alias(SEEN)]
