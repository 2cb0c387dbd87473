"""The watchdog at work: every case in its turn, every run an event."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import orjson

from slac.adapters.http_check.case import Case
from slac.adapters.http_check.transaction import Outcome, Transaction
from slac.adapters.settings import microseconds, seconds
from slac.stream.ports import InputContext, InputSink, Records

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HttpCheckInput:
    """Runs each case once per interval, the cases spread evenly over it; a case never overlaps itself."""

    can_wait = False

    def __init__(self, settings: Mapping[str, Any], cases: tuple[Case, ...], context: InputContext) -> None:
        self._cases = cases
        self._context = context
        self._every = seconds(settings, "every", "30s")
        self._timeout = microseconds(settings, "timeout", "5s")
        self._free = asyncio.Semaphore(settings.get("concurrency", 8))
        self._client_settings = {
            "base_url": settings.get("url", ""),
            "headers": settings.get("headers", {}),
            "follow_redirects": settings.get("follow_redirects", True),
            "timeout": None,
            # What is watched is the service, not the way there through a proxy that the environment names.
            "trust_env": False,
        }
        self._verify = settings.get("verify_tls", True)

    async def run(self, sink: InputSink) -> None:
        """Run cases until cancelled; with `once`, each of them one time."""
        tls = httpx.create_ssl_context(verify=self._verify, trust_env=False)
        async with asyncio.TaskGroup() as group:
            for place, case in enumerate(self._cases):
                group.create_task(self._repeat(case, place, sink, tls))

    async def _repeat(self, case: Case, place: int, sink: InputSink, tls: Any) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + place * self._every / len(self._cases)
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            async with self._free:
                outcome = await self._check(case, tls)
            await sink.push(self._records(case, outcome))
            if self._context.once:
                return
            # A run that took longer than the interval skips the turns it missed.
            due += self._every * (1 + max(0, int((loop.time() - due) // self._every)))

    async def _check(self, case: Case, tls: Any) -> Outcome:
        async with httpx.AsyncClient(verify=tls, **self._client_settings) as client:
            monotonic = asyncio.get_running_loop().time
            return await Transaction(client=client, timeout=self._timeout, monotonic=monotonic).run(case)

    def _records(self, case: Case, outcome: Outcome) -> Records:
        now = self._context.now()
        event = {
            "timestamp": (_EPOCH + timedelta(microseconds=now)).isoformat(),
            "payload": {
                "outcome": "success" if outcome.exception is None else "failure",
                "duration_ms": outcome.duration_ms,
                "exception": outcome.exception,
            },
            "context": {"module": case.module, "test_case": case.name},
        }
        return Records(
            source=self._context.instance,
            arrival=now,
            ndjson=orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE),
            origin=f"{case.module}/{case.name}",
        )
