"""Sends requests at a curve of rates, in a process of its own: `python -m benchmarks.overload.feeder WAY FORM ADDRESS`.

On the standard input it is told the curve, a list of [seconds, events a second]; each part that begins is told on the
standard output, with the wall clock (s), and what was sent and what could not be handed over in all. The last line
tells `windows`: by the begin of each (ms), how often each message was handed over, and how often it could not be.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import zmq

from benchmarks.overload.traffic import EVENTS, MESSAGES, WINDOW, Form, stamped

TICK: Final = 0.01
WAITING: Final = 500
"""Messages that wait in the socket at most."""
PATIENCE: Final = 60_000
"""Milliseconds in which somebody has to come who takes what is sent."""


class Way(Protocol):
    """How messages leave."""

    def has_room(self) -> bool:
        """Whether somebody may take a message now; what nobody takes need not be made."""
        ...

    def offer(self, message: bytes) -> bool:
        """Hand a message over, or say that nobody takes it now."""
        ...

    def close(self) -> None:
        """Let go; what waits is gone."""
        ...


class Push:
    """A PUSH socket: full as soon as whoever pulls is behind by so many messages."""

    def __init__(self, address: str) -> None:
        """Return when somebody pulls."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._socket.sndhwm = WAITING
        self._socket.bind(address)
        self._socket.poll(PATIENCE, zmq.POLLOUT)

    def has_room(self) -> bool:
        """Fewer wait than may."""
        return bool(self._socket.poll(0, zmq.POLLOUT))

    def offer(self, message: bytes) -> bool:
        """Whether there was room."""
        try:
            self._socket.send(message, zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        return True

    def close(self) -> None:
        """What waits is gone."""
        self._socket.close(linger=0)
        self._context.term()


class Line:
    """A plain TCP connection: full as soon as its buffers are."""

    def __init__(self, address: str) -> None:
        """Return when somebody has connected."""
        host, _, port = address.removeprefix("tcp://").partition(":")
        with socket.create_server((host, int(port))) as server:
            server.settimeout(PATIENCE / 1e3)
            self._socket, _ = server.accept()
        self._socket.setblocking(False)
        self._rest = memoryview(b"")

    def has_room(self) -> bool:
        """Of a message that has begun the rest follows before the next."""
        self._rest = self._sent(self._rest)
        return not self._rest

    def offer(self, message: bytes) -> bool:
        """Whether there was room for a part of it at least."""
        if not self.has_room():
            return False
        self._rest = self._sent(memoryview(message))
        return len(self._rest) < len(message)

    def close(self) -> None:
        """The end of what is sent."""
        self._socket.close()

    def _sent(self, message: memoryview) -> memoryview:
        try:
            return message[self._socket.send(message) :] if message else message
        except (BlockingIOError, ConnectionError):
            return message


WAYS: Final[dict[str, Callable[[str], Way]]] = {"push": Push, "line": Line}


class Tally:
    """How often each message was handed over, and could not be, by the window of its instant."""

    def __init__(self) -> None:
        self.windows: dict[int, npt.NDArray[np.int64]] = {}
        self.totals = [0, 0]

    def count(self, message: int, at: int, *, taken: bool) -> None:
        """One message of the instant `at` (ms)."""
        begin = at - at % WINDOW
        if begin not in self.windows:
            self.windows[begin] = np.zeros((2, MESSAGES), dtype=np.int64)
        self.windows[begin][0 if taken else 1, message] += 1
        self.totals[0 if taken else 1] += 1

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"windows": {str(begin): counts.tolist() for begin, counts in self.windows.items()}}


def feed(way: Way, form: Form, curve: Sequence[tuple[float, float]]) -> Tally:
    """Send until the curve ends. Who is not taken from does not wait: what is due later is due later."""
    messages, tally, events = stamped(form), Tally(), EVENTS[form]
    for seconds, rate in curve:
        tell(rate, tally, events)
        began, of_part = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            at = time.time_ns() // 1_000_000
            while of_part * events < rate * passed:
                message = sum(tally.totals) % MESSAGES
                tally.count(message, at, taken=way.has_room() and way.offer(messages[message](at)))
                of_part += 1
            time.sleep(TICK)
    tell(0.0, tally, events)
    return tally


def tell(rate: float, tally: Tally, events: int) -> None:
    """What begins now."""
    taken, left = tally.totals
    say({"at": time.time(), "rate": rate, "sent": taken * events, "left": left * events})


def say(line: dict[str, Any]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(way: str, form: Form, address: str) -> None:
    """Wait for somebody who takes, then send."""
    curve = json.loads(sys.stdin.read())
    made = WAYS[way](address)
    say(feed(made, form, curve).told())
    made.close()


if __name__ == "__main__":
    main(sys.argv[1], "arrow" if sys.argv[2] == "arrow" else "ndjson", sys.argv[3])
