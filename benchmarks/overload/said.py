"""What an engine said of each window and endpoint, and when; collected while it runs, read afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import zmq

from benchmarks.overload.background import Background

VERDICTS: Final = "verdicts"
"""The block of `load.yaml` whose rows are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One row: the begin of its window (ms), its endpoint, its columns, and when it came (wall clock, s)."""

    begin: int
    endpoint: str
    values: Mapping[str, Any]
    at: float


class Listener(Background):
    """Keeps the messages of an output `zmq` with the instant at which each came, in a thread of its own."""

    def __init__(self, address: str) -> None:
        """Nobody is to publish before this is entered."""
        super().__init__()
        self._address = address
        self._messages: list[tuple[float, bytes]] = []

    def said(self) -> list[Said]:
        """The rows, in order."""
        return [s for at, body in self._messages for s in _rows(at, body.splitlines())]

    def _work(self) -> None:
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.rcvhwm = 0
            socket.linger = 0
            socket.subscribe(VERDICTS.encode())
            socket.bind(self._address)
            while not self._ended.is_set():
                if socket.poll(100):
                    self._messages.append((time.time(), socket.recv_multipart()[-1]))


def _rows(at: float, lines: Iterable[bytes]) -> Iterator[Said]:
    for row in map(msgspec.json.decode, lines):
        begin = round(datetime.fromisoformat(row["window_start"]).timestamp() * 1e3)
        yield Said(begin=begin, endpoint=row["endpoint"], values=row, at=at)
