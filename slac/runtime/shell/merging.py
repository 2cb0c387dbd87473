"""Small records that lie beside each other become one, so that one call decodes them, or writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from slac.stream.arrow_body import joined
from slac.stream.ports import Position, Records


def merged(taken: Sequence[Records]) -> list[Records]:
    """Neighbours of one source and form become one, so that one call decodes them."""
    made: list[Records] = []
    for (_, form, _), group in groupby(taken, key=lambda r: (r.source, _form(r), r.first)):
        some = list(group)
        if form == "" or len(some) == 1:
            made += some
            continue
        last, first = some[-1], some[0]
        of_all = replace(first, arrival=last.arrival, position=_latest(some))
        if isinstance(form, bytes):
            made.append(replace(of_all, arrow=joined([r.arrow for r in some if r.arrow is not None])))
            continue
        text = b"".join(b if (b := r.ndjson or b"").endswith(b"\n") else b + b"\n" for r in some)
        made.append(replace(of_all, ndjson=text))
    return made


def _form(records: Records) -> str | bytes:
    """What those that become one have in common; of Arrow it is the schema. Empty where each stays alone."""
    if records.arrow is not None:
        return records.arrow.schema if records.arrow.joins else ""
    return "lines" if records.ndjson is not None else ""


def _latest(some: Sequence[Records]) -> Position | None:
    """The position of the last that has one: behind it may be some that are in memory only."""
    return next((r.position for r in reversed(some) if r.position is not None), None)
