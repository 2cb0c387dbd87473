"""How far the stream of one sending instance has been accepted: what its sender need not send again."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """`watermark`, `ended`, `real` and `certain` as the instance `peer` has said them last (µs); `left`: goodbye.

    `forgotten`: nobody waits for it any more. `gates`: what it knows of gates (`slac.runtime.gates.told`); None where
    that is as it was said before.
    """

    peer: str
    watermark: int
    ended: bool
    real: int
    certain: int
    left: bool
    gates: str | None = None
    forgotten: bool = False
