"""WORST and BEST: the extreme of values in an order that the document states."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall
from slac.stream.types import to_polars


class Rank:
    """The worst or best value, by the options from best to worst.

    Values that are not among the options are ignored like NULL. Part `rank` (Int64: the place among the options).
    """

    def __init__(self, *, worst: bool) -> None:
        self.worst = worst

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`rank`."""
        return {"rank": pl.Int64()}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """The extreme place."""
        return [self._extreme(ranks_of(call)).alias(part(call, "rank"))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The extreme of extremes."""
        return [self._extreme(column(call, "rank"))]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The option at that place."""
        options = _options(call)
        places = pl.Series(range(len(options)), dtype=pl.Int64)
        return column(call, "rank").replace_strict(places, options, default=None, return_dtype=options.dtype)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """NULL."""
        return pl.lit(None, to_polars(call.dtype))

    def _extreme(self, rank: pl.Expr) -> pl.Expr:
        return rank.max() if self.worst else rank.min()


def ranks_of(call: AggregateCall) -> pl.Expr:
    """The place of each row's value among the options (Int64), NULL where it is not among them."""
    options = _options(call)
    places = pl.Series(range(len(options)), dtype=pl.Int64)
    return argument(call).replace_strict(options, places, default=None, return_dtype=pl.Int64)


def _options(call: AggregateCall) -> pl.Series:
    """Each option once, in the type of the argument; a repeated one counts where it stands first."""
    return pl.Series(list(dict.fromkeys(call.options)), dtype=to_polars(call.args[0].dtype))
