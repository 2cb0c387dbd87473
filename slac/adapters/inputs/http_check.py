"""Input `http_check`, the watchdog: runs test cases of modules against HTTP endpoints and reports every run.

Each run is one event: its timestamp is the end of the run.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import orjson

from slac.adapters.environment import Problem, at, call_url
from slac.adapters.http_check.case import Case, read_cases
from slac.adapters.http_check.transaction import Outcome, Transaction
from slac.adapters.settings import length_of_time, microseconds, schema, seconds, text
from slac.stream.ports import InputContext, InputSink, Records

_HEADERS: Final = {"type": "object", "additionalProperties": {"type": "string"}}
_EXPECT: Final = schema(
    {
        "status": {
            "oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}, "minItems": 1}],
            "default": 200,
            "description": "The status, or the statuses, that are right.",
        },
        "body_contains": text("Text that the answer must contain."),
        "json": {"type": "object", "description": "Path in a JSON answer -> the value it must have."},
        "max_duration": {"type": "string", "format": "slac-duration", "description": "The longest the step may take."},
    }
)
_STEP: Final = schema(
    {
        "method": text("The HTTP method.", default="GET"),
        "url": text("Where to: a full address, or a path under `url`."),
        "headers": {**_HEADERS, "description": "Headers of this request."},
        "json": {"description": "Sent as JSON."},
        "body": text("Sent as it is."),
        "expect": {**_EXPECT, "description": "What the answer must be; without it, status 200."},
        "save": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Name -> path in the JSON answer; later steps write {name} for the value.",
        },
    },
    required=("url",),
)
_CASE: Final = schema(
    {"steps": {"type": "array", "items": _STEP, "minItems": 1, "description": "Requests, in order."}}, ("steps",)
)
_MODULE: Final = schema(
    {"cases": {"type": "object", "additionalProperties": _CASE, "minProperties": 1, "description": "Name -> case."}},
    ("cases",),
)
SCHEMA: Final = schema(
    {
        "url": text("The address that paths in steps start from.", pattern="^https?://"),
        "every": length_of_time("How often each case runs.", "30s"),
        "timeout": length_of_time("How long one step may take.", "5s"),
        "concurrency": {"type": "integer", "minimum": 1, "default": 8, "description": "Cases that run at a time."},
        "headers": {**_HEADERS, "description": "Headers of every request."},
        "follow_redirects": {"type": "boolean", "default": True, "description": "Whether redirections are followed."},
        "verify_tls": {"type": "boolean", "default": True, "description": "Whether certificates are checked."},
        "modules": {
            "type": "object",
            "additionalProperties": _MODULE,
            "minProperties": 1,
            "description": "Name -> module of the service, with its test cases.",
        },
    },
    required=("modules",),
)
CAN_WAIT: Final = False
EVENT: Final = {
    "outcome": "success or failure",
    "duration_ms": "how long the run took, all steps",
    "exception": "the step that failed, and why; NULL for success",
    "module": "the module that the case tests (context)",
    "test_case": "the case (context)",
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def build(settings: Mapping[str, Any], context: InputContext) -> "HttpCheckInput":
    """The input for checked settings."""
    return HttpCheckInput(settings, read_cases(settings["modules"]), context)


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the service is there; that it is away is what this input is made to see."""
    return at("url", call_url(settings["url"]), may_pass=True) if "url" in settings else []


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
