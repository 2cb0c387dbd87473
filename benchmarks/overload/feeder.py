"""Publishes requests at a curve of rates, from a process of its own: `python -m benchmarks.overload.feeder ADDRESS`.

On the standard input it is told the curve, a list of [seconds, events a second]; each part that begins is told on the
standard output, with the wall clock (s) and what was sent in all.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Final

import numpy as np
import orjson
import zmq

EVENTS: Final = 200
"""Events of a message."""
MESSAGES: Final = 64
"""Different messages, which are sent round and round."""
TICK: Final = 0.01
ENDPOINTS: Final = 50
FAILING: Final = 0.01


def messages() -> list[bytes]:
    """Requests of endpoints of very different use, one in a hundred failed, with lognormal latencies."""
    draw = np.random.default_rng(11)
    made = []
    for _ in range(MESSAGES):
        endpoints = np.minimum(draw.pareto(0.8, EVENTS).astype(int), ENDPOINTS - 1)
        ok, latency = draw.random(EVENTS) >= FAILING, draw.lognormal(3, 1, EVENTS)
        rows = (
            {"payload": {"endpoint": f"/orders/{e}", "ok": bool(o), "latency": round(float(x), 2)}}
            for e, o, x in zip(endpoints, ok, latency, strict=True)
        )
        made.append(b"\n".join(orjson.dumps(r) for r in rows))
    return made


def feed(address: str, curve: list[tuple[float, float]]) -> None:
    """Send until the curve ends."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.PUB)
    socket.sndhwm = 1_000
    socket.bind(address)
    made, sent = messages(), 0
    for seconds, rate in curve:
        tell(rate, sent)
        began, of_part = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            while of_part * EVENTS < rate * passed:
                socket.send(made[sent % MESSAGES], copy=False)
                sent, of_part = sent + 1, of_part + 1
            time.sleep(TICK)
    tell(0.0, sent)
    socket.close(linger=0)
    context.term()


def tell(rate: float, sent: int) -> None:
    """What begins now."""
    sys.stdout.write(json.dumps({"at": time.time(), "rate": rate, "sent": sent * EVENTS}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    feed(sys.argv[1], json.loads(sys.stdin.read()))
