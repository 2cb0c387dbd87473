"""What an operator must be able to do so that a part of its keys can be run again from an earlier state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import polars as pl

from slac.runtime.operator import Operator, State


class ReplayableOperator(Operator):
    """An operator of keys that do not touch each other; it holds no row that the watermark has passed."""

    @property
    @abstractmethod
    def keys(self) -> Mapping[str, pl.DataType]:
        """The key columns."""

    def port_keys(self, port: int) -> tuple[str, ...]:
        """The key columns that the rows of a port carry; the rows matter to all keys that agree in them."""
        del port
        return tuple(self.keys)

    @abstractmethod
    def known(self) -> pl.DataFrame:
        """All keys held."""

    @abstractmethod
    def values(self) -> Mapping[str, Any]:
        """What belongs to no key: the values of a snapshot."""

    @abstractmethod
    def part(self, keys: pl.DataFrame) -> State:
        """The snapshot of these (distinct) keys; without key columns, all of it."""

    @abstractmethod
    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Forget these keys, and go on with what `part` of another operator of the same node says of them."""


def not_of_keys(frame: pl.DataFrame, keys: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """All rows but those that `of_keys` gives."""
    if not names:
        return frame.clear()
    own = frame.select(pl.col(n).cast(keys.schema[n]) for n in names).with_row_index("_row")
    others = own.join(keys.select(names).unique(), on=list(names), how="anti", nulls_equal=True)
    return frame if others.height == frame.height else frame[others["_row"].sort()]


def of_keys(frame: pl.DataFrame, keys: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The rows whose columns `names` are among those of `keys`, in their order; without names, all of them."""
    if not names:
        return frame
    own = frame.select(pl.col(n).cast(keys.schema[n]) for n in names).with_row_index("_row")
    chosen = own.join(keys.select(names).unique(), on=list(names), how="semi", nulls_equal=True)
    return frame if chosen.height == frame.height else frame[chosen["_row"].sort()]
