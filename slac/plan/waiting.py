"""How long what comes in waits in a runtime before it is worked on: one place for who does it and who predicts it.

`slac.runtime.shell.gathering` and `slac.runtime.inbox` go by these; `slac.shedding.capacity` computes with them.
"""

from __future__ import annotations

from typing import Final

from slac.stream.clock import SECOND

BUSY_SHARE: Final = 20
"""Waiting takes at most so many times what the last wave cost."""
LINGER: Final = 0.205
"""Seconds for which rows of inputs wait at most …"""
WITHIN: Final = 0.24
"""… and so much shorter that what comes of them is out within so many seconds …"""
WORKED: Final = 2.5
"""… when it has been worked on so often, here and in the runtimes behind, for as long as a wave usually takes here."""
LEAST_LINGER: Final = 0.1
"""Dear waves are gathered for so many seconds nevertheless: more of them would not come out sooner."""
HOP: Final = 0.005
"""Seconds for which a link message waits, for each other peer that may send at the same time …"""
MOST_HOPS: Final = 10
"""… up to so many."""
AHEAD: Final = SECOND // 2
"""What is due further ahead than this (µs of event time) is awaited; what is nearer, with any row, happens anyway."""
AWAITED: Final = 0.01
"""Seconds to gather when something awaited is due: the inputs that carry it come one behind the other."""
UNDECODED: Final = SECOND
"""So long (µs) what comes in at an input stays undecoded where nobody would notice …"""
UNDECODED_BYTES: Final = 256 * 1024
"""… and no more than so many bytes: with what else comes, less than what is worth a thread of its own."""
PRESSED: Final = 0.7
"""… and only while less than this part of the processor time that there may be is asked for."""
BRINK: Final = 3 * SECOND // 10
"""So long (µs) before what is due most of it is decoded, for the last wave should be short."""
MOST_ROWS: Final = 4000
"""So many rows are worked on at once, whenever they matter: more would cost little less."""
EVE: Final = 2 * SECOND
"""Of what matters before long the most is worked on beforehand, in this time (µs of event time), node by node: …"""
EVE_ROWS: Final = 500
"""… where so many rows wait already, so that not all is done in one wave, at the end of a window."""


def lingering(usual: float) -> float:
    """Seconds for which rows of inputs wait at most where a wave usually takes so many."""
    return max(min(LINGER, WITHIN - WORKED * usual), LEAST_LINGER)
