"""Output `webhook`: each publication as one POST of a JSON array of records."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import orjson
import polars as pl

from slac.adapters.environment import Problem, at, call_url
from slac.adapters.publication.records import to_records
from slac.adapters.settings import length_of_time, schema, seconds, text
from slac.diagnostics import RunFailed
from slac.stream.ports import OutputContext

SCHEMA: Final = schema(
    {
        "url": text(
            "Where to POST to: http or https.",
            pattern="^https?://",
            form="a web address: write it like https://hooks.example.org/slac",
        ),
        "headers": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Headers sent with every request, for example Authorization.",
        },
        "timeout": length_of_time("How long one request may take.", "10s"),
    },
    required=("url",),
)
CAN_WAIT: Final = False


def build(settings: Mapping[str, Any], context: OutputContext) -> "WebhookOutput":
    """The output for checked settings."""
    return WebhookOutput(
        url=settings["url"],
        headers=dict(settings.get("headers", {})),
        timeout=seconds(settings, "timeout", "10s"),
        context=context,
    )


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether somebody is there; nothing is posted."""
    return at("url", call_url(settings["url"]))


class WebhookOutput:
    """POSTs; any answer but 2xx raises, so that the publication is tried again by whoever called."""

    def __init__(self, *, url: str, headers: dict[str, str], timeout: float, context: OutputContext) -> None:
        self._url = url
        self._headers = {"content-type": "application/json", **headers}
        self._timeout = timeout
        self._context = context
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Make the client; the first request connects."""
        self._client = httpx.AsyncClient(timeout=self._timeout, headers=self._headers)

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """POST all rows; RunFailed where the receiver cannot be reached or refuses."""
        if self._client is None:
            await self.open()
        if self._client is None or not frame.height:
            return
        kind = self._context.kinds.get(block, "row")
        records = to_records(frame, document=self._context.document, block=block, kind=kind)
        try:
            answer = await self._client.post(self._url, content=orjson.dumps(records))
        except httpx.HTTPError as error:
            raise RunFailed(f"{self._url} cannot be reached: {str(error) or type(error).__name__}.") from error
        if not answer.is_success:
            raise RunFailed(f"{self._url} answered {answer.status_code} {answer.reason_phrase}.")

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
