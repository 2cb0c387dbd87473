"""One end of a link: `python -m benchmarks.links.worker link|curve|bare sender|receiver ADDRESS ROWS MESSAGES`."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl
import zmq
import zmq.asyncio

from slac.compiler import compile_paths
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode
from slac.runtime.core import Core
from slac.runtime.instructions import Send
from slac.runtime.links.client import LinkClient
from slac.runtime.links.inlet import Inlet
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import Hello
from slac.runtime.links.server import LinkServer
from slac.runtime.trust.allowed import Entry
from slac.runtime.trust.curve import Dial, Door
from slac.runtime.trust.keyring import KeyRing
from slac.runtime.trust.trust import Trust
from slac.stream.batch import TIME
from slac.stream.clock import SystemClock
from slac.stream.ports import Records

DOCUMENT: Final = "sla_docs/scenarios/business_events.yaml"
USERS: Final = 2_000
EVENTS: Final = 5
"""For each row."""
ACTIONS: Final = ("login", "logout", "search", "checkout")
WINDOW: Final = 600_000_000
DIFFERENT: Final = 8
"""Messages that differ; they are sent in turns, each time under a later watermark."""
AHEAD: Final = 64 * 1024 * 1024


class Told(msgspec.Struct, frozen=True):
    """What one end did: rows, bytes on the wire, and processor time."""

    rows: int
    bytes: int
    seconds: float


def partials(rows: int) -> tuple[Plan, pl.DataFrame]:
    """The plan, and so many rows that its edge sends: one for each user and window."""
    plan = compile_paths([DOCUMENT])[0].plan
    core = Core(plan.part("edge"), now=0, live=False)
    count = rows * EVENTS
    draw = np.random.default_rng(20)
    windows = -(-rows // USERS)
    times = 1_700_000_400_000 + np.arange(count) * (windows * WINDOW // 1000) // count
    columns = (times, draw.integers(0, 4, count), draw.integers(0, USERS, count), draw.random(count) * 100)
    lines = map(_line, *(c.tolist() for c in columns))
    said = core.on_records("events", [Records(source="e", arrival=0, ndjson="".join(lines).encode())])
    said += core.on_input_ended("events")
    return plan, pl.concat([s.frame for s in said if isinstance(s, Send) and s.frame is not None])


def _line(time_ms: int, action: int, user: int, duration: float) -> str:
    payload = (
        f'"action":"{ACTIONS[action]}","user":"user-{user:06d}","session":"s","ok":true,"amount":{action * 100 + 1}'
    )
    duration_ms = f'"duration_ms":{duration:.3f}'
    return f'{{"timestamp":{time_ms},"payload":{{{payload},{duration_ms}}},"context":{{"service":"orders"}}}}\n'


def messages(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Messages of these rows, each of its own numbers."""
    numbers = [c for c, t in frame.schema.items() if t in (pl.Int64, pl.Float64) and c.startswith("_a")]
    return [
        frame.with_columns(pl.col("_id") + pl.lit(i * 7919, pl.UInt64), *(pl.col(c) + i for c in numbers)).rechunk()
        for i in range(DIFFERENT)
    ]


def at(frame: pl.DataFrame, instant: int) -> pl.DataFrame:
    """The rows, at this instant."""
    return frame.with_columns(pl.lit(instant, pl.Int64).cast(frame.schema[TIME]).alias(TIME))


def _ring(own: str, *others: str) -> KeyRing:
    """Keys that only this benchmark knows, the same in both of its processes."""
    place = Path(os.environ["SLAC_BENCHMARK_KEYS"])
    ring = KeyRing(place / own.partition("/")[0])
    for name in others:
        pair = KeyRing(place / name.partition("/")[0]).own(name)
        ring.allowed.allow(Entry(name=name, key=pair.public, scopes=("link",)))
    return ring


async def send_curve(address: str, rows: int, number: int) -> Told:
    """As `send_link`, encrypted."""
    ring = _ring("edge/e", "central/c")
    return await send_link(address, rows, number, Dial(ring.own("edge/e"), ring.of_node("central")))


async def receive_curve(address: str, rows: int, number: int) -> Told:
    """As `receive_link`, encrypted."""
    ring = _ring("central/c", "edge/e")
    trust = Trust(ring, ring.own("central/c"), Door(zmq.asyncio.Context.instance()))
    trust.door.start()
    try:
        return await receive_link(address, rows, number, trust)
    finally:
        trust.door.stop()


async def send_link(address: str, rows: int, number: int, keys: Dial | None = None) -> Told:
    """As a runtime sends: kept until it is safe."""
    plan, frame = partials(rows)
    node = next(n for n in plan.nodes if isinstance(n, LinkOutNode))
    hello = Hello(
        document="d", meaning="m", node="edge", instance="e", session=f"{time.time_ns()}", streams=(node.stream,)
    )
    outbox = Outbox((node.stream,), AHEAD)
    client = LinkClient(hello, address, outbox, clock=SystemClock(), wake=lambda: None, keys=keys)
    client.start()
    while not client.welcomed:  # noqa: ASYNC110 - the client has no event for it
        await asyncio.sleep(0.01)
    made = [at(m, WINDOW) for m in messages(frame)]
    began = time.process_time()
    for i in range(number):
        client.send(Send(node.stream, "central", made[i % DIFFERENT], WINDOW + 1 + i))
        await asyncio.sleep(0)
        while client.outbox.congested:  # noqa: ASYNC110 - the client has no event for it
            await asyncio.sleep(0.002)
    while not client.outbox.drained:  # noqa: ASYNC110 - the client has no event for it
        await asyncio.sleep(0.002)
    told = Told(made[0].height * number, client.bytes, time.process_time() - began)
    await client.stop()
    return told


async def receive_link(address: str, rows: int, number: int, trust: Trust | None = None) -> Told:
    """As a runtime receives: each row accepted once, under a watermark."""
    del rows
    node = next(n for n in compile_paths([DOCUMENT])[0].plan.nodes if isinstance(n, LinkInNode))
    wake = asyncio.Event()
    accepted = {node.stream: 0}
    server = LinkServer(
        address,
        document="d",
        meaning="m",
        origins={node.stream: node.origin},
        accepted=lambda stream, _: accepted[stream],
        clock=SystemClock(),
        wake=wake.set,
        trust=trust,
    )
    await server.start()
    seen = messages_seen = 0
    began = time.process_time()
    while messages_seen < number:
        await wake.wait()
        wake.clear()
        for item in server.take():
            if (sent := item.send) is None:
                continue
            # An inlet for each message: what differs between windows is only when they are.
            inlet = Inlet(node, now=0, live=False)
            seen += sum(
                b.frame.height
                for b in inlet.accept(item.peer, sent.frame, watermark=sent.watermark, ended=False, real=None, now=0)
            )
            messages_seen += 1
            accepted[node.stream] = sent.watermark
        server.acknowledge(lambda stream, _: accepted[stream])
    told = Told(seen, server.bytes, time.process_time() - began)
    await asyncio.sleep(0.2)
    await server.stop()
    return told


async def send_bare(address: str, rows: int, number: int) -> Told:
    """The same frames, written by Polars and handed to ZeroMQ."""
    made = [at(m, WINDOW) for m in messages(partials(rows)[1])]
    socket = zmq.asyncio.Context.instance().socket(zmq.PUSH)
    socket.setsockopt(zmq.SNDHWM, 16)
    socket.connect(address)
    size = 0
    began = time.process_time()
    for i in range(number):
        buffer = io.BytesIO()
        made[i % DIFFERENT].write_ipc_stream(buffer, compression="lz4")
        body = buffer.getvalue()
        size += len(body)
        await socket.send(body)
    socket.close(linger=-1)
    zmq.asyncio.Context.instance().term()
    return Told(made[0].height * number, size, time.process_time() - began)


async def receive_bare(address: str, rows: int, number: int) -> Told:
    """What Polars reads of each message."""
    del rows
    socket = zmq.asyncio.Context.instance().socket(zmq.PULL)
    socket.setsockopt(zmq.RCVHWM, 16)
    socket.bind(address)
    seen = size = 0
    began = time.process_time()
    for _ in count():
        body = await socket.recv()
        seen += pl.read_ipc_stream(io.BytesIO(body)).height
        size += len(body)
        number -= 1
        if not number:
            break
    socket.close(linger=0)
    return Told(seen, size, time.process_time() - began)


ENDS: Final[dict[tuple[str, str], Callable[[str, int, int], Awaitable[Told]]]] = {
    ("link", "sender"): send_link,
    ("link", "receiver"): receive_link,
    ("curve", "sender"): send_curve,
    ("curve", "receiver"): receive_curve,
    ("bare", "sender"): send_bare,
    ("bare", "receiver"): receive_bare,
}


async def _main(kind: str, end: str, address: str, rows: int, number: int) -> Told:
    return await ENDS[kind, end](address, rows, number)


if __name__ == "__main__":
    chosen, role, where, many, times = sys.argv[1:]
    done = asyncio.run(_main(chosen, role, where, int(many), int(times)))
    sys.stdout.buffer.write(msgspec.json.encode(done))
