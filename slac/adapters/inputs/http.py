"""Input `http`: takes events that are POSTed as NDJSON, a JSON array, one JSON object, or an Arrow IPC stream."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slac.adapters.arrow_bodies import as_arrow
from slac.adapters.bodies import as_ndjson
from slac.adapters.decoding.lines import count_of
from slac.adapters.environment import Problem, at
from slac.adapters.environment import listen as can_listen
from slac.adapters.http_server import bind, serving
from slac.adapters.settings import amount, schema, size, text
from slac.stream.ports import InputContext, InputSink, Records

SCHEMA: Final = schema(
    {
        "listen": text(
            "Host and port to listen on; port 0 takes a free one.",
            pattern=r"^(.*:)[0-9]{1,5}$",
            form="a host and a port: write it like 127.0.0.1:8080",
        ),
        "path": text(
            "The path that is POSTed to.",
            pattern="^/",
            form="a path: it begins with a slash, like /events",
            default="/events",
        ),
        "max_body": amount("The largest body that is taken.", "8MiB"),
    },
    required=("listen",),
)
CAN_WAIT: Final = False
ANSWERS: Final = True
"""What is not taken is answered with 429: its sender has it still."""
_JSON, _ARROW = "application/json", "application/vnd.apache.arrow.stream"
_PLAIN: Final = "identity"
"""The only content encoding that is read."""
_RETRY_AFTER_S: Final = "1"


def build(settings: Mapping[str, Any], context: InputContext) -> "HttpInput":
    """The input for checked settings."""
    return HttpInput(
        listen=settings["listen"],
        path=settings.get("path", "/events"),
        max_body=size(settings, "max_body", "8MiB"),
        context=context,
    )


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the port is free."""
    return at("listen", can_listen(settings["listen"]))


class HttpInput:
    """Answers 202 when the records are with the runtime, 400, 413, 415, or 429 when it takes no more now."""

    can_wait = False
    port: int = 0
    """The port it listens on, once it does."""

    def __init__(self, *, listen: str, path: str, max_body: int, context: InputContext) -> None:
        self._listen = listen
        self._path = path
        self._max_body = max_body
        self._context = context

    async def run(self, sink: InputSink) -> None:
        """Serve until cancelled; RunFailed where the port cannot be had."""

        async def take(request: Request) -> Response:
            return await self._take(request, sink)

        async def elsewhere(_: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)
            return _refusal(error.status_code, f"events are taken by POST {self._path}", error.headers)

        routes = [Route(self._path, take, methods=["POST"])]
        app = Starlette(routes=routes, exception_handlers={HTTPException: elsewhere})
        async with serving(app, bind(self._listen)) as port:
            self.port = port
            await asyncio.Event().wait()

    async def _take(self, request: Request, sink: InputSink) -> Response:
        encoding = request.headers.get("content-encoding", _PLAIN).strip().lower()
        if encoding != _PLAIN:
            # Its sender has it still; taken as it is, all of it would go to quarantine.
            return _refusal(415, f"bodies are taken as they are, not in {encoding}", {"accept-encoding": _PLAIN})
        body = await _read(request, self._max_body)
        if body is None:
            return _refusal(413, f"the body is larger than {self._max_body} bytes")
        try:
            records = self._records(request, body)
        except ValueError as error:
            return _refusal(400, str(error))
        count = count_of(records)
        if count and not await sink.push(records):
            return _refusal(429, "no more is taken now; try again later", {"retry-after": _RETRY_AFTER_S})
        return JSONResponse({"accepted": count}, status_code=202)

    def _records(self, request: Request, body: bytes) -> Records:
        """What the body holds; ValueError with a sentence where it is not what it is declared to be."""
        declared = request.headers.get("content-type", "").split(";")[0].strip().lower()
        arrow = as_arrow(body, self._max_body) if declared == _ARROW else None
        return Records(
            source=self._context.instance,
            arrival=self._context.now(),
            ndjson=as_ndjson(body, array=declared == _JSON) if arrow is None else None,
            arrow=arrow,
            origin=f"http:{request.client.host if request.client else '?'}",
        )


async def _read(request: Request, limit: int) -> bytes | None:
    """The body, or None as soon as it is larger than `limit`."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            return None
    return bytes(body)


def _refusal(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers=headers)
