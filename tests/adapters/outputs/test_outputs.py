"""Each output against its real counterpart: a file, a pipe, an HTTP server, a subscriber."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zmq
import zmq.asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from slac.adapters.http_server import bind, serving
from slac.adapters.outputs import file, stdout, webhook
from slac.adapters.outputs import zmq as zmq_output
from slac.diagnostics import RunFailed
from slac.stream.ports import OutputAdapter, OutputContext
from tests.adapters.outputs.frames import CONTEXT, report


def publish(adapter: OutputAdapter, times: int = 1) -> None:
    """Open, publish the report, close."""

    async def run() -> None:
        await adapter.open()
        for _ in range(times):
            await adapter.publish("availability", report())
        await adapter.close()

    asyncio.run(run())


def test_file_appends(tmp_path: Path) -> None:
    """Folders are made; what was there stays, and is not written again by another run."""
    for document in ("shop", "other", "shop"):
        context = OutputContext(block="out", document=document, instance="i", directory=str(tmp_path))
        publish(file.build({"path": "a/b/out.ndjson"}, context))
    lines = (tmp_path / "a/b/out.ndjson").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["module"] == "account"


def test_file_that_refused_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is written once, line by line."""
    adapter = file.build({"path": "out.ndjson"}, CONTEXT)
    adapter._path = tmp_path / "out.ndjson"
    rows = pl.concat([report(), report().with_columns(pl.lit("order").alias("module"))])

    class Torn(io.RawIOBase):
        def write(self, data: Any) -> int:
            with (tmp_path / "out.ndjson").open("ab") as target:
                target.write(data[: len(data) * 2 // 3])
            raise OSError(28, "No space left on device")

    async def run() -> None:
        await adapter.open()
        with monkeypatch.context() as patch:
            patch.setattr(adapter, "_file", Torn())
            with pytest.raises(RunFailed, match="No space left"):
                await adapter.publish("availability", rows)
        await adapter.publish("availability", rows)
        await adapter.close()

    asyncio.run(run())
    lines = (tmp_path / "out.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["module"] for line in lines] == ["account", "order"]


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A sentence with the path."""
    (tmp_path / "a").write_text("a file where a folder should be", encoding="utf-8")
    context = OutputContext(block="out", document="shop", instance="i", directory=str(tmp_path))
    with pytest.raises(RunFailed, match=r"a/out\.ndjson cannot be written"):
        publish(file.build({"path": "a/out.ndjson"}, context))


def test_stdout_is_ndjson_for_machines_and_lines_for_people(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Not a terminal: NDJSON, unless asked for a table."""
    publish(stdout.build({}, CONTEXT))
    assert json.loads(capfdbinary.readouterr().out)["type"] == "report"
    publish(stdout.build({"format": "table"}, CONTEXT))
    line = capfdbinary.readouterr().out.decode()
    assert line.startswith("2024-01-01 00:10:00 availability (revision 1)  module=account  kind=change  state=down")
    assert "cases=[2]" in line


def test_webhook_posts_an_array() -> None:
    """One request per publication; an answer that is no success raises."""
    got: list[Any] = []
    statuses = [200, 503]

    async def receive(request: Request) -> Response:
        got.append((request.headers["x-key"], await request.json()))
        return PlainTextResponse("", status_code=statuses[len(got) - 1])

    async def run() -> None:
        async with serving(Starlette(routes=[Route("/in", receive, methods=["POST"])]), bind("127.0.0.1:0")) as port:
            settings = {"url": f"http://127.0.0.1:{port}/in", "headers": {"x-key": "k"}}
            adapter = webhook.build(settings, CONTEXT)
            await adapter.open()
            await adapter.publish("availability", report())
            with pytest.raises(RunFailed, match="answered 503"):
                await adapter.publish("availability", report())
            await adapter.close()
        with pytest.raises(RunFailed, match="cannot be reached"):
            await adapter.publish("availability", report())
        await adapter.close()

    asyncio.run(run())
    key, [record] = got[0]
    assert key == "k"
    assert record["cases"][0]["test_case"] == "login"
    assert got[1] == got[0]


def test_zmq_publishes_under_the_name_of_the_block() -> None:
    """Topic and body; an address in use is a sentence."""

    async def run() -> None:
        with zmq.asyncio.Context() as context:
            subscriber = context.socket(zmq.SUB)
            subscriber.subscribe(b"availability")
            port = subscriber.bind_to_random_port("tcp://127.0.0.1")
            taken = zmq_output.build({"bind": f"tcp://127.0.0.1:{port}"}, CONTEXT)
            with pytest.raises(RunFailed, match="Address already in use"):
                await taken.open()
            adapter = zmq_output.build({"connect": f"tcp://127.0.0.1:{port}"}, CONTEXT)
            await adapter.open()
            # A publisher knows of a subscription only after a round trip.
            while not await subscriber.poll(20):
                await adapter.publish("availability", report())
            topic, body = await subscriber.recv_multipart()
            assert topic == b"availability"
            assert json.loads(body)["state"] == "down"
            await adapter.close()
            subscriber.close(linger=0)

    asyncio.run(run())
