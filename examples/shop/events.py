"""The shop's business events: who logged in, searched, bought and left, posted in batches of NDJSON, best effort."""

import asyncio
import logging
from collections import deque
from typing import Protocol

import httpx
import msgspec

LOG = logging.getLogger(__name__)

KEPT = 10_000
"""Events that wait for a receiver; beyond that the oldest are lost, and counted."""
BATCH = 500
"""Events in one POST at most."""


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """The payload of an event: what a user did, whether the shop did its part, and how long it took."""

    action: str
    user: str
    session: str
    ok: bool
    duration_ms: float
    query: str | None = None
    amount: int | None = None


class Origin(msgspec.Struct, frozen=True):
    """The context of an event; `event_id` is unique over all shops, so that a repeat can be told."""

    service: str
    instance: str
    event_id: str


class BusinessEvent(msgspec.Struct, frozen=True):
    """An event on the wire; `timestamp` in milliseconds since the epoch, UTC."""

    timestamp: int
    payload: Action
    context: Origin


class Journal(Protocol):
    """Where the shop tells what happened."""

    def record(self, timestamp: int, action: Action) -> None:
        """Take an event over; never waits and never fails."""
        ...


class Forgetful:
    """The journal of a shop that nobody listens to."""

    def record(self, timestamp: int, action: Action) -> None:
        """Forget it."""


class EventSender:
    """Collects events and posts them every `interval` seconds; what the receiver does not take now is offered again."""

    def __init__(self, url: str, *, instance: str, run: str, interval: float = 0.25) -> None:
        self._url = url
        self._instance = instance
        self._run = run
        self._interval = interval
        self._encoder = msgspec.json.Encoder()
        self._waiting: deque[bytes] = deque()
        self._recorded = 0
        self._lost = 0

    def record(self, timestamp: int, action: Action) -> None:
        """Queue an event; the oldest one gives way where too many wait."""
        self._recorded += 1
        origin = Origin(service="shop", instance=self._instance, event_id=f"{self._run}-e{self._recorded}")
        self._waiting.append(self._encoder.encode(BusinessEvent(timestamp=timestamp, payload=action, context=origin)))
        if len(self._waiting) > KEPT:
            self._waiting.popleft()
            self._lost += 1

    async def run(self) -> None:
        """Send until cancelled, then once more what is left."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            try:
                while True:
                    await asyncio.sleep(self._interval)
                    await self._send_all(client)
            finally:
                await self._send_all(client)
                if missing := self._lost + len(self._waiting):
                    LOG.warning("%d of %d business events were not taken by %s", missing, self._recorded, self._url)

    async def _send_all(self, client: httpx.AsyncClient) -> None:
        while self._waiting and await self._send(client):
            pass

    async def _send(self, client: httpx.AsyncClient) -> bool:
        """Post one batch; False where the receiver is away or busy, and the batch keeps waiting."""
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        content = b"\n".join(batch) + b"\n"
        taken = False
        try:
            response = await client.post(self._url, content=content, headers={"content-type": "application/x-ndjson"})
            taken = response.status_code != httpx.codes.TOO_MANY_REQUESTS and not response.is_server_error
            self._lost += len(batch) if response.is_client_error and taken else 0
        except httpx.HTTPError:
            pass  # away: the batch waits, as when the receiver is busy, or when sending is cancelled in the middle
        finally:
            if not taken:
                self._waiting.extendleft(reversed(batch))
        return taken
