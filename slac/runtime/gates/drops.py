"""What may be asked of gates, here or in another runtime: what they have dropped, by event time."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from slac.runtime.gates.keys import Times, Weights

Mask = npt.NDArray[np.bool_]


class Drops(Protocol):
    """All spans are of event time (µs), the last instant within; weights are multiples of 2⁻²⁰."""

    @property
    def has_dropped(self) -> bool:
        """Whether there is anything of which it may not be known that it was there."""
        ...

    def unread_between(self, begins: Times, ends: Times, *, on_time: bool = False) -> Weights:
        """The highest weight of records before they are decoded; `on_time`: of those that would have come on time."""
        ...

    def left_out_between(self, begins: Times, ends: Times) -> Weights:
        """The same of whole keys, unless rows say of them that they were left out."""
        ...

    def let_in_at(self, times: Times) -> Weights:
        """The lowest weight of whole keys under which rows of these times came."""
        ...

    def withheld_between(self, begins: Times, ends: Times, *, is_own: bool) -> Mask:
        """Whether whole keys, or windows, were dropped that may be those of rows that came at the end of spans."""
        ...

    def parted_between(self, begins: Times, ends: Times) -> Mask:
        """Whether whole keys may have passed for a part of spans only, unless counted rows say so themselves."""
        ...


class ByKey(Protocol):
    """The weights of whole keys, where they are dropped."""

    def __bool__(self) -> bool:
        """Whether any were."""
        ...

    def highest(self, times: Times, reach: int | Times) -> Weights:
        """The highest weight that held at any time from `reach` before each time up to it."""
        ...
