"""Input `prometheus`: scrapes exporters in the text format; each sample is one event.

Payload: `name` and `value`. Context: the sample's labels, as far as they are declared, and `instance`, the target; a
declared `map` takes all of the labels.
A scrape adds a sample `up`: 1, or 0 where it failed, as Prometheus does.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from slac.adapters.environment import Problem, at, call_url
from slac.adapters.settings import as_list, length_of_time, one_or_more, schema, seconds
from slac.stream.ports import InputContext, InputSink, Records

SCHEMA: Final = schema(
    {
        "targets": one_or_more(
            "Addresses to scrape, such as http://127.0.0.1:9100/metrics.",
            pattern="^https?://",
            form="an address to scrape, or a list of them: write it like http://127.0.0.1:9100/metrics",
        ),
        "every": length_of_time("How often each target is scraped.", "15s"),
        "timeout": length_of_time("How long a scrape may take.", "10s"),
    },
    required=("targets",),
)
CAN_WAIT: Final = False
EVENT: Final = {
    "name": "the name of the metric",
    "value": "the value; NULL for NaN and infinity, which JSON cannot say",
    "instance": "host and port of the target (context)",
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def build(settings: Mapping[str, Any], context: InputContext) -> "PrometheusInput":
    """The input for checked settings."""
    return PrometheusInput(
        targets=as_list(settings["targets"]),
        every=seconds(settings, "every", "15s"),
        timeout=seconds(settings, "timeout", "10s"),
        context=context,
    )


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether each target is there; a scrape that fails is an event like another, so it may come later."""
    return at("targets", [p for target in as_list(settings["targets"]) for p in call_url(target)], may_pass=True)


class PrometheusInput:
    """Scrapes every target on its own, the targets spread evenly over the interval."""

    can_wait = False

    def __init__(self, *, targets: list[str], every: float, timeout: float, context: InputContext) -> None:
        self._targets = targets
        self._every = every
        self._timeout = timeout
        self._context = context

    async def run(self, sink: InputSink) -> None:
        """Scrape until cancelled; with `once`, each target one time."""
        # What is watched is the target, not the way there through a proxy that the environment names.
        async with (
            httpx.AsyncClient(timeout=self._timeout, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            for place, target in enumerate(self._targets):
                group.create_task(self._repeat(client, target, place, sink))

    async def _repeat(self, client: httpx.AsyncClient, target: str, place: int, sink: InputSink) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + place * self._every / len(self._targets)
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            text = await self._scrape(client, target)
            await sink.push(self._records(target, text))
            if self._context.once:
                return
            due = max(due + self._every, loop.time())

    async def _scrape(self, client: httpx.AsyncClient, target: str) -> str | None:
        """The exporter's text, or None where it could not be had."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await client.get(target, headers={"accept": "text/plain;version=0.0.4"})
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None
        return answer.text if answer.is_success else None

    def _records(self, target: str, text: str | None) -> Records:
        now = self._context.now()
        try:
            samples = [] if text is None else [s for f in text_string_to_metric_families(text) for s in f.samples]
        except ValueError:
            # What the parser cannot read is a failed scrape, as in Prometheus.
            samples, text = [], None
        samples.append(Sample("up", {}, 0.0 if text is None else 1.0))
        return Records(
            source=self._context.instance,
            arrival=now,
            ndjson=b"".join(self._lines(samples, urlsplit(target).netloc, now)),
            origin=target,
        )

    def _lines(self, samples: list[Sample], instance: str, now: int) -> Iterator[bytes]:
        declared = self._context.fields
        maps = [name for name, dtype in declared.items() if dtype.removesuffix("?") == "map"]
        for sample in samples:
            labels: dict[str, object] = {name: value for name, value in sample.labels.items() if name in declared}
            labels |= dict.fromkeys(maps, sample.labels)
            event = {
                "timestamp": _instant(sample, now),
                "payload": {"name": sample.name, "value": sample.value if math.isfinite(sample.value) else None},
                "context": {**labels, "instance": instance},
            }
            yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


def _instant(sample: Sample, now: int) -> str:
    """The time that the exporter gave the sample, or that of the scrape."""
    at = now if sample.timestamp is None else round(float(sample.timestamp) * 1_000_000)
    return (_EPOCH + timedelta(microseconds=at)).isoformat()
