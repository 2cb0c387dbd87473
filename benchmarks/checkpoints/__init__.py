"""What a checkpoint costs with a million keys, what the next one writes, and how soon a runtime has it again.

Between the two, 20 000 random keys change or fewer; the share is that of one core at a checkpoint every 10 s.
"""

from __future__ import annotations

from typing import Final

from benchmarks.measure import on_one_core
from benchmarks.report import Bar, Row, row

KINDS: Final = ("window", "audit", "join", "pattern")
KEYS: Final = 1_000_000
EVERY: Final = 10.0
SHARE: Final = Bar("under", 5.0)
RECOVERY: Final = Bar("under", 10.0)


def run() -> list[Row]:
    """Five rows a kind."""
    return [each for kind in KINDS for each in _rows(kind)]


def _rows(kind: str) -> list[Row]:
    got = on_one_core("benchmarks.checkpoints.worker", kind, str(KEYS))
    first, following = got["first"], got["following"]
    name = f"{kind}, {KEYS // 1_000_000} M keys"
    return [
        row(f"{name}: the core stands still", following["stood"] * 1e3, "ms"),
        row(f"{name}: share of a core, every 10 s", 100 * following["cpu"] / EVERY, "%", bar=SHARE),
        row(f"{name}: first checkpoint", first["bytes"] / 1e6, "MB"),
        row(f"{name}: the next", following["bytes"] / 1e6, "MB", peer="the first", peer_value=first["bytes"] / 1e6),
        row(f"{name}: recovery", got["recovery"], "s", bar=RECOVERY),
    ]
