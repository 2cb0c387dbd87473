"""The prometheus input against node_exporter, and against what exporters may say."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from slac.adapters.http_server import bind, serving
from slac.adapters.inputs import prometheus
from slac.stream.ports import InputContext
from slac.testing import free_port
from tests.adapters.inputs.sinks import RememberingSink

EXPORTER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
CONTEXT = InputContext(
    block="in",
    instance="web-1",
    now=lambda: 1_700_000_000_000_000,
    once=True,
    fields={"name": "string", "value": "float?", "device": "string?", "instance": "string?"},
)
TEXT = """\
# HELP bytes_total Bytes.
# TYPE bytes_total counter
bytes_total{device="a",other="x"} 1.5 1699999999000
bytes_total{device="b \\"quoted\\""} +Inf
# TYPE took_seconds histogram
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum NaN
took_seconds_count 3
untyped_thing -1e3
"""


async def scrape(*targets: str) -> list[dict[str, Any]]:
    """One scrape of each target."""
    sink = RememberingSink()
    settings = {"targets": list(targets), "every": "20ms", "timeout": "5s"}
    await prometheus.build(settings, CONTEXT).run(sink)
    return [orjson.loads(line) for line in sink.lines]


def test_a_map_takes_all_labels() -> None:
    """Beside labels that are declared by their names; what has none has an empty map."""

    def metrics(_: object) -> Response:
        return PlainTextResponse('a{device="x",mode="y"} 1\nb 2\n')

    async def run() -> None:
        fields = {"name": "string", "value": "float?", "labels": "map", "device": "string?", "instance": "string?"}
        sink = RememberingSink()
        async with serving(Starlette(routes=[Route("/metrics", metrics)]), bind("127.0.0.1:0")) as port:
            target = f"http://127.0.0.1:{port}/metrics"
            adapter = prometheus.build({"targets": [target]}, replace(CONTEXT, fields=fields))
            await adapter.run(sink)
        assert [orjson.loads(line)["context"] for line in sink.lines] == [
            {"device": "x", "labels": {"device": "x", "mode": "y"}, "instance": f"127.0.0.1:{port}"},
            {"labels": {}, "instance": f"127.0.0.1:{port}"},
            {"labels": {}, "instance": f"127.0.0.1:{port}"},
        ]

    asyncio.run(run())


def test_all_forms_of_the_text_format() -> None:
    """Labels that are declared, times of the exporter, NaN and infinity as NULL, and `up`."""

    def metrics(_: object) -> Response:
        return PlainTextResponse(TEXT)

    def broken(_: object) -> Response:
        return PlainTextResponse("this is { no metric")

    async def run() -> None:
        app = Starlette(routes=[Route("/metrics", metrics), Route("/broken", broken)])
        async with serving(app, bind("127.0.0.1:0")) as port:
            events = await scrape(f"http://127.0.0.1:{port}/metrics")
            broken_events = await scrape(f"http://127.0.0.1:{port}/broken", f"http://127.0.0.1:{port}/nothing")
        instance = f"127.0.0.1:{port}"
        assert events[0] == {
            "timestamp": "2023-11-14T22:13:19+00:00",
            "payload": {"name": "bytes_total", "value": 1.5},
            "context": {"device": "a", "instance": instance},
        }
        assert [e["payload"]["value"] for e in events] == [1.5, None, 3.0, None, 3.0, -1000.0, 1.0]
        assert events[1]["context"]["device"] == 'b "quoted"'
        assert events[-1]["payload"] == {"name": "up", "value": 1.0}
        assert events[-1]["timestamp"] == "2023-11-14T22:13:20+00:00"
        assert [e["payload"] for e in broken_events] == [{"name": "up", "value": 0.0}] * 2

    asyncio.run(run())


def test_nobody_there_is_down() -> None:
    """A failed scrape is a sample, not an error."""
    [event] = asyncio.run(scrape("http://127.0.0.1:1/metrics"))
    assert event["payload"] == {"name": "up", "value": 0.0}
    assert event["context"] == {"instance": "127.0.0.1:1"}


@pytest.fixture
def exporter() -> Iterator[str]:
    """The address of a running node_exporter."""
    if EXPORTER is None:
        pytest.skip("prometheus-node-exporter is not installed (apt-get install prometheus-node-exporter)")
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [EXPORTER, f"--web.listen-address={address}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            url = f"http://{address}/metrics"
            transport = httpx.HTTPTransport(retries=10)
            with httpx.Client(transport=transport, trust_env=False, timeout=20) as client:
                client.get(url).raise_for_status()
            yield url
        finally:
            process.terminate()


def test_node_exporter(exporter: str) -> None:
    """A real exporter's page is taken whole."""
    events = asyncio.run(scrape(exporter))
    found = {event["payload"]["name"] for event in events}
    assert {"node_load1", "node_cpu_seconds_total", "go_goroutines", "up"} <= found
    assert len(events) > 100
    assert events[-1]["payload"] == {"name": "up", "value": 1.0}
