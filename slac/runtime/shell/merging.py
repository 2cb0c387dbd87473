"""Small records that lie beside each other become one, so that one call decodes them, or writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from slac.stream.ports import Position, Records


def merged(taken: Sequence[Records]) -> list[Records]:
    """Neighbours of one source and form become one, so that one call decodes them."""
    made: list[Records] = []
    for (_, raw, _), group in groupby(taken, key=lambda r: (r.source, r.ndjson is not None, r.first)):
        some = list(group)
        if not raw or len(some) == 1:
            made += some
            continue
        text = b"".join(b if (b := r.ndjson or b"").endswith(b"\n") else b + b"\n" for r in some)
        last, first = some[-1], some[0]
        made.append(replace(first, arrival=last.arrival, ndjson=text, position=_latest(some)))
    return made


def _latest(some: Sequence[Records]) -> Position | None:
    """The position of the last that has one: behind it may be some that are in memory only."""
    return next((r.position for r in reversed(some) if r.position is not None), None)
