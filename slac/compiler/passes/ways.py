"""How a stream gets from one node to another: along what each connects to."""

from __future__ import annotations

from collections.abc import Mapping


def way(dials: Mapping[str, str | None], origin: str, to: str) -> list[str]:
    """The nodes behind `origin` up to `to`, each of which the one before connects to; empty where there is no way."""
    steps: list[str] = []
    here = dials.get(origin)
    while here is not None and here not in steps:
        steps.append(here)
        if here == to:
            return steps
        here = dials.get(here)
    return []
