"""Frames that follow one another, few enough to look through however small they come."""

from __future__ import annotations

from typing import Final

import polars as pl

_GATHER: Final = 8
"""So many frames of about one size become one: a row is copied as often as its chunk has grown eightfold."""


def join_small(frames: list[pl.DataFrame]) -> None:
    """Join the last frames while they are many and small; rows keep their places. Call it behind each `append`."""
    while len(frames) >= _GATHER:
        first, *others = (f.height for f in frames[-_GATHER:])
        if first > 2 * sum(others):
            return
        frames[-_GATHER:] = [pl.concat(frames[-_GATHER:], how="diagonal", rechunk=True)]
