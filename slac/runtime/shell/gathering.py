"""How long rows that trickle in are gathered, so that what a wave costs at any size is spent on many of them.

Rows of inputs wait for a part of a tenth of a second that depends on what a wave costs. A runtime that sends has
gathered already, so what it sends is only kept for those that send at the same time.
"""

from __future__ import annotations

from typing import Final

LARGE: Final = 512 * 1024
"""From so many bytes on nothing is waited for."""
BUSY_SHARE: Final = 20
"""Waiting takes at most so many times what the last wave cost."""
LINGER: Final = 0.1
"""Seconds for which rows of inputs wait at most: at either end of a link a result has half of 250 ms."""
HOP: Final = 0.005
"""Seconds for which a link message waits, for each peer that may send at the same time …"""
MOST_HOPS: Final = 10
"""… up to so many."""


def pause(*, cost: float, waiting: int, peers: int) -> float:
    """Seconds to gather, when the last wave has cost `cost` seconds and `waiting` bytes have come in at inputs.

    `peers`: runtimes that send to this one.
    """
    if waiting >= LARGE:
        return 0.0
    return min(LINGER if waiting else HOP * min(peers, MOST_HOPS), BUSY_SHARE * cost)
