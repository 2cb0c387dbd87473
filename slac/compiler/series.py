"""What `series` means in a stream: the fields which its event type says name one series, such as name and labels."""

from __future__ import annotations

from typing import Final

from slac.compiler.draft import Draft, emitted, merged
from slac.compiler.reads import reads

SERIES: Final = "series"
"""The word that stands for them in `by`."""


def series_of(draft: Draft, stream: str) -> tuple[str, ...]:
    """The columns that name one series of a block or type, looked up through blocks that go row by row."""
    for _ in range(len(draft.blocks) + 1):
        block = draft.blocks.get(stream)
        types = [r.name for r in emitted(block)] if block is not None else [stream]
        known = [draft.events[t] for t in types if t in draft.events]
        if known:
            return merged(known).series
        if block is None or getattr(block, "window", None) is not None:
            return ()
        stream = reads(block)[0].ref.name
    return ()
