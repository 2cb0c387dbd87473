"""What comes in one message of Arrow: an IPC stream, checked and counted by its heads; its columns stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from slac.adapters.ipc_layout import DICTIONARY, ROWS, SCHEMA, messages
from slac.stream.arrow_body import ArrowBody, can_join, joined

_SHOWN: Final = 16


def as_arrow(stream: bytes, most: int) -> ArrowBody:
    """The stream, cut into its messages. ValueError with a sentence where it is none, or larger than it may be.

    `most`: bytes that its columns may take decompressed, and rows: a row without any byte is no event.
    """
    found = list(messages(stream))
    if not found or found[0].kind != SCHEMA:
        raise ValueError("it does not begin with a schema")
    rest = found[1:]
    if any(m.kind not in (ROWS, DICTIONARY) for m in rest):
        raise ValueError("it holds a message that is neither rows nor a dictionary")
    body = ArrowBody(
        schema=found[0].data,
        batches=tuple(m.data for m in rest),
        rows=tuple(m.rows if m.kind == ROWS else 0 for m in rest),
        unpacked=sum(m.unpacked for m in rest),
        joins=all(m.kind == ROWS for m in rest),
    )
    if body.unpacked > most:
        raise ValueError(f"its columns take {body.unpacked} bytes, and {most} are the most")
    longest = max((m.longest for m in rest), default=0)
    if max(longest, body.height) > body.unpacked:
        raise ValueError(f"it claims {max(longest, body.height)} values in {body.unpacked} bytes")
    return body


def runs(streams: Iterable[bytes], most: int) -> Iterator[ArrowBody | bytes]:
    """What streams hold, in order: those that follow one another and can join as one; a line for what is none."""
    waiting: list[ArrowBody] = []
    for stream in streams:
        try:
            found: ArrowBody | bytes = as_arrow(stream, most)
        except ValueError as why:
            found = unreadable(stream, why)
        if waiting and (isinstance(found, bytes) or not can_join(waiting[0], found)):
            yield joined(waiting)
            waiting = []
        if isinstance(found, bytes):
            yield found
        elif found.height:
            waiting.append(found)
    if waiting:
        yield joined(waiting)


def unreadable(stream: bytes, why: object) -> bytes:
    """One bad record in place of a message that could not be read: a line that says why, for the quarantine."""
    begins = stream[:_SHOWN].hex()
    return f"no Arrow IPC stream of {len(stream)} bytes: {why}; it begins with {begins}\n".encode()
