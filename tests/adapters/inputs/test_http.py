"""The HTTP input, spoken to by a real client."""

import asyncio
import gzip
import io
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import polars as pl
import pytest

from slac.adapters.inputs import http
from slac.diagnostics import RunFailed
from slac.stream.ports import InputContext
from tests.adapters.inputs.sinks import RememberingSink, Running

CONTEXT = InputContext(block="in", instance="web-1", now=lambda: 7)


def with_input(
    test: Callable[[httpx.AsyncClient, RememberingSink], Coroutine[Any, Any, None]], **settings: Any
) -> None:
    """Run the test with a client of a listening input."""

    async def run() -> None:
        adapter = http.build({"listen": "127.0.0.1:0", **settings}, CONTEXT)
        async with Running(adapter, RememberingSink()) as sink:
            while not adapter.port:  # noqa: ASYNC110 - the port is told by no event
                await asyncio.sleep(0.005)
            url = f"http://127.0.0.1:{adapter.port}"
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                await test(client, sink)

    asyncio.run(run())


def test_ndjson_and_json_are_taken() -> None:
    """Lines as they are; arrays and single objects become lines."""

    async def test(client: httpx.AsyncClient, sink: RememberingSink) -> None:
        lines = await client.post(
            "/events", content=b'{"a":1}\n{"a":2}', headers={"content-type": "application/x-ndjson"}
        )
        assert (lines.status_code, lines.json()) == (202, {"accepted": 2})
        array = await client.post("/events", content=b'[{"a":\n3}, {"a": 1e2}]')
        assert array.json() == {"accepted": 2}
        one = await client.post("/events", content=b'{\n"a": 5}', headers={"content-type": "application/json"})
        assert one.json() == {"accepted": 1}
        nothing = await client.post("/events", content=b"")
        assert nothing.json() == {"accepted": 0}
        assert sink.lines == [b'{"a":1}', b'{"a":2}', b'{"a": 3}', b'{"a": 1e2}', b'{ "a": 5}']
        assert (sink.pushed[0].source, sink.pushed[0].origin, sink.pushed[0].arrival) == ("web-1", "http:127.0.0.1", 7)

    with_input(test)


def test_what_is_not_taken() -> None:
    """Malformed, too large, too much, the wrong path or method: each its own status."""

    async def test(client: httpx.AsyncClient, sink: RememberingSink) -> None:
        bad = await client.post("/in", content=b"[1, 2")
        assert bad.status_code == 400
        assert "no JSON array" in bad.json()["error"]
        worse = await client.post("/in", content=b"hello", headers={"content-type": "application/json; charset=utf-8"})
        assert worse.status_code == 400
        assert (await client.post("/in", content=b"x" * 2000)).status_code == 413
        packed = await client.post("/in", content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})
        assert packed.status_code == 415
        assert packed.json() == {"error": "bodies are taken as they are, not in gzip"}
        sink.refuse = True
        refused = await client.post("/in", content=b"{}")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        asked, elsewhere = await client.get("/in"), await client.post("/events", content=b"{}")
        assert (asked.status_code, elsewhere.status_code) == (405, 404)
        assert asked.json() == elsewhere.json() == {"error": "events are taken by POST /in"}
        assert not sink.pushed

    with_input(test, path="/in", max_body="1kB")


def test_a_port_in_use_is_a_sentence() -> None:
    """The address is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for listen in (f"127.0.0.1:{port}", "127.0.0.1:99999"):
            with pytest.raises(RunFailed, match=listen):
                asyncio.run(http.build({"listen": listen}, CONTEXT).run(RememberingSink()))


def test_arrow_is_taken_by_its_content_type() -> None:
    """An IPC stream, counted by its heads; what is none, or too large once unpacked, is told."""
    kind = {"content-type": "application/vnd.apache.arrow.stream"}
    small, large = io.BytesIO(), io.BytesIO()
    pl.DataFrame({"timestamp": [1, 2], "n": [3, 4]}).write_ipc_stream(small)
    pl.DataFrame({"n": [0] * 10_000}).write_ipc_stream(large, compression="zstd")

    async def test(client: httpx.AsyncClient, sink: RememberingSink) -> None:
        taken = await client.post("/events", content=small.getvalue(), headers=kind)
        assert (taken.status_code, taken.json()) == (202, {"accepted": 2})
        assert sink.pushed[0].arrow is not None
        bad = await client.post("/events", content=b'{"n":3}', headers=kind)
        assert (bad.status_code, bad.json()) == (400, {"error": "it ends within the head of a message"})
        packed = await client.post("/events", content=large.getvalue(), headers=kind)
        assert packed.status_code == 400
        assert "its columns take 80" in packed.json()["error"]
        assert len(sink.pushed) == 1

    with_input(test, max_body="4KiB")
