"""What a scalar function is: its key in the plan, its names in SQL, its typing rules and its lowering to Polars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from slac.plan.expressions import Call
from slac.plan.signatures import Nulls, Overload, Uniform

Lowering: TypeAlias = Callable[[Call, Sequence[pl.Expr]], pl.Expr]
"""From a call and its lowered arguments to a Polars expression of exactly the call's type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or an operator.

    `key` names it in a plan, `names` are what SQL calls it (none: only an operator leads to it), `usage` shows how it
    is written, `rules` are tried in order. `overflows`: a result that is not a float is NULL where 64 bits are too few.
    """

    key: str
    usage: str
    rules: tuple[Overload | Uniform, ...]
    lower: Lowering
    nulls: Nulls = "any"
    names: tuple[str, ...] = ()
    overflows: bool = False


def plain(build: Callable[..., pl.Expr]) -> Lowering:
    """The lowering of a function that needs to know its arguments only."""
    return lambda _, args: build(*args)
