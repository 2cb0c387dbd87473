"""Events for every input of every edge, each sent until it is known to be in, and the order in which time passes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import zmq

from tests.soak.system import EDGES, FEW, INPUTS, System

STEP_MS: Final = 50
"""Event time between two numbers."""
SKEW: Final = 600
"""No number leaves while one so many before it is not in: half a minute, half of the lateness."""
SOME: Final = 3
"""Numbers that are sent together."""
START_MS: Final = 1_700_000_000_000
FAR_MS: Final = 1_200_000
"""How far behind the last the events are that close all windows."""


def event(seq: int, at: int | None = None) -> dict[str, Any]:
    """One event on the wire; its value is slow for a while, then fast again."""
    value = float((seq * 37) % 40 + (30 if seq % 3000 > 2000 else 0))
    stamp = START_MS + seq * STEP_MS if at is None else at
    return {"timestamp": stamp, "payload": {"seq": seq, "ms": value}, "context": {"service": f"s{seq % 5}"}}


class Numbers:
    """Hands out numbers in order, and waits where one of before is not in yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._out: set[int] = set()
        self.by_input: dict[str, list[int]] = {name: [] for name in INPUTS}

    def take(self, name: str) -> list[int]:
        """Some for an input; none while others are behind."""
        with self._lock:
            if self._out and self._next - min(self._out) > SKEW:
                return []
            taken = list(range(self._next, self._next + SOME))
            self._next += SOME
            self._out.update(taken)
            self.by_input[name] += taken
            return taken

    def are_in(self, seqs: list[int]) -> None:
        """These need not be sent any more."""
        with self._lock:
            self._out.difference_update(seqs)

    @property
    def count(self) -> int:
        """How many were handed out."""
        return self._next


class Senders:
    """One thread for each edge and input."""

    def __init__(self, system: System) -> None:
        self.numbers = Numbers()
        self._system = system
        self._ending = threading.Event()
        self._failures: list[BaseException] = []

    @contextmanager
    def sending(self) -> Iterator[None]:
        """While the block lasts; at its end all that was sent is in."""
        ways: dict[str, Callable[[str], None]] = {"asked": self._ask, "pushed": self._push, "read": self._write}
        threads = [
            threading.Thread(target=self._guard, args=(ways[name], edge), daemon=True)
            for edge in EDGES
            for name in INPUTS
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            deadline = time.monotonic() + FEW
            while any(t.is_alive() for t in threads) and time.monotonic() < deadline:
                self._system.read()
                time.sleep(0.05)
        assert not self._failures, self._failures
        assert not any(t.is_alive() for t in threads), self._system.complain()

    def flush(self, edge: str, name: str, seq: int, at: int) -> None:
        """The last event of an input."""
        line = json.dumps(event(seq, at)).encode()
        match name:
            case "asked":
                while not post(self._system.ports[edge, name], line):
                    time.sleep(0.05)
            case "pushed":
                with pushing(self._system.ports[edge, name]) as push:
                    while not self._system.has(seq):
                        send(push, line)
                        time.sleep(0.2)
                        self._system.read()
            case _:
                append(self._system, edge, line)

    def _guard(self, way: Callable[[str], None], edge: str) -> None:
        try:
            way(edge)
        except BaseException as error:  # noqa: BLE001 - told by the test, which would wait for this thread
            self._failures.append(error)

    def _chosen(self, name: str) -> Iterator[list[int]]:
        while not self._ending.is_set():
            if taken := self.numbers.take(name):
                yield taken
            time.sleep(0.1)

    def _ask(self, edge: str) -> None:
        for seqs in self._chosen("asked"):
            while not post(self._system.ports[edge, "asked"], lines(seqs)):
                time.sleep(0.05)
            self.numbers.are_in(seqs)

    def _write(self, edge: str) -> None:
        for seqs in self._chosen("read"):
            append(self._system, edge, lines(seqs))
            self.numbers.are_in(seqs)

    def _push(self, edge: str) -> None:
        """Nobody answers: what has not come out after a while is sent again."""
        waiting: dict[int, float] = {}
        with pushing(self._system.ports[edge, "pushed"]) as push:
            while True:
                done = [seq for seq in waiting if self._system.has(seq)]
                self.numbers.are_in(done)
                for seq in done:
                    del waiting[seq]
                now = time.monotonic()
                seqs = [] if self._ending.is_set() else self.numbers.take("pushed")
                if self._ending.is_set() and not waiting:
                    return
                again = [seq for seq, sent in waiting.items() if now - sent > 1.0]
                if seqs or again:
                    send(push, lines([*seqs, *again]))
                    waiting |= dict.fromkeys([*seqs, *again], now)
                time.sleep(0.1)


def lines(seqs: list[int]) -> bytes:
    """Events as NDJSON."""
    return b"\n".join(json.dumps(event(seq)).encode() for seq in seqs)


def post(port: int, body: bytes) -> bool:
    """Whether the events were taken."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FEW)
    try:
        connection.request("POST", "/events", body)
        return connection.getresponse().status == http.HTTPStatus.ACCEPTED
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def append(system: System, edge: str, line: bytes) -> None:
    """To the file that an edge reads."""
    with system.feed(edge).open("ab", buffering=0) as file:
        file.write(line + b"\n")


@contextmanager
def pushing(port: int) -> Iterator[zmq.Socket[bytes]]:
    """A socket that pushes to an input."""
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
        socket.connect(f"tcp://127.0.0.1:{port}")
        yield socket


def send(socket: zmq.Socket[bytes], body: bytes) -> None:
    """Give it to ZeroMQ, or to nobody."""
    try:
        socket.send(body, zmq.NOBLOCK)
    except zmq.Again:
        return
