"""Scrapes, as the `prometheus` input makes events of them, kept as short lines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from slac.adapters.discovery import input_adapter
from slac.stream.ports import InputContext, Position, Records

FIELDS: Final = {"name": "string", "value": "float?", "labels": "map", "instance": "string?"}
"""The fields of events.Metric."""


@dataclass(slots=True)
class Tape:
    """The sink of an input that keeps the samples of some metrics, with only the labels that are named."""

    names: Collection[str]
    dropped: Collection[str] = ()
    lines: list[bytes] = field(default_factory=list)

    async def push(self, records: Records) -> bool:
        """Keep the samples that are wanted."""
        events = (orjson.loads(line) for line in (records.ndjson or b"").splitlines())
        self.lines += [self._short(e) for e in events if e["payload"]["name"] in self.names]
        return True

    async def lull(self) -> bool:
        """There is nothing to wait for."""
        return False

    def beyond(self, size: int) -> None:
        """Nothing is bounded here."""

    def resume(self, source: str) -> Position | None:
        """There is nothing to go on from."""
        return None

    def _short(self, event: dict[str, Any]) -> bytes:
        labels = {k: v for k, v in event["context"]["labels"].items() if k not in self.dropped}
        context = {"labels": labels, "instance": event["context"]["instance"]}
        moment = round(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)
        short = {"timestamp": moment, "payload": event["payload"], "context": context}
        return orjson.dumps(short, option=orjson.OPT_APPEND_NEWLINE)


async def scrape(tape: Tape, targets: Iterable[str]) -> None:
    """One scrape of each target."""
    context = InputContext(block="sample", instance="recorder", now=_now, once=True, fields=FIELDS)
    settings = {"targets": list(targets), "every": "10ms", "timeout": "5s"}
    await input_adapter("prometheus").build(settings, context).run(tape)


async def scrape_for(tape: Tape, targets: Collection[str], *, every: float, seconds: float) -> None:
    """A scrape of each target every so often, for so long."""
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        await scrape(tape, targets)
        await asyncio.sleep(max(0.0, begin + every - time.monotonic()))


def _now() -> int:
    return time.time_ns() // 1000
