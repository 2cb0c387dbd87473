"""Rows of a link message are encoded whatever other threads do with them."""

from __future__ import annotations

import threading

import polars as pl

from slac.runtime.links.bodies import from_body, to_body


def test_rows_that_another_thread_looks_at() -> None:
    """The log holds the same frames, and counts their rows while they are sent: neither waits for the other."""
    frame = pl.DataFrame({"a": list(range(20_000)), "b": [str(i) for i in range(20_000)]})
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            assert frame.height == 20_000

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(30):
            again = from_body(to_body(frame))
            assert again is not None
            assert again.height == frame.height
    finally:
        over.set()
        looking.join()
