"""The host input reads this very machine."""

import asyncio

import orjson

from slac.adapters.inputs import host
from slac.stream.ports import InputContext
from tests.adapters.inputs.sinks import RememberingSink


def test_only_declared_readings_are_taken() -> None:
    """Fields, time and instance of one reading."""
    fields = {"cpu_percent": "float", "processes": "int", "uptime_seconds": "float?", "colour": "string?"}
    context = InputContext(block="h", instance="web-1", now=lambda: 4_000_000_000_000_000, once=True, fields=fields)
    sink = RememberingSink()
    asyncio.run(host.build({"every": "10ms"}, context).run(sink))
    event = orjson.loads(sink.lines[0])
    assert set(event["payload"]) == {"cpu_percent", "processes", "uptime_seconds"}
    assert event["payload"]["processes"] > 0
    assert event["timestamp"] == "2096-10-02T07:06:40+00:00"
    assert event["context"] == {"instance": "web-1"}


def test_every_reading_works_here() -> None:
    """All of them at once; only counters of disks may be missing."""
    context = InputContext(block="h", instance="i", now=lambda: 0, once=True, fields=dict.fromkeys(host.EVENT, "float"))
    sink = RememberingSink()
    asyncio.run(host.build({"every": "1ms"}, context).run(sink))
    payload = orjson.loads(sink.lines[0])["payload"]
    assert set(payload) == set(host.EVENT) - {"instance"}
    assert {name for name, value in payload.items() if value is None} <= {"disk_read_bytes", "disk_write_bytes"}
