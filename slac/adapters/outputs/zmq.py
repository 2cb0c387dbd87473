"""Output `zmq`: each publication as one message of a PUB socket: the block's name, then NDJSON records."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
import zmq
import zmq.asyncio

from slac.adapters.environment import Problem, at, call_zmq, listen
from slac.adapters.publication.records import to_ndjson
from slac.adapters.settings import schema, text
from slac.diagnostics import RunFailed
from slac.stream.ports import OutputContext

_ADDRESS: Final = "^(tcp|ipc|inproc)://"
_FORM = "an address: write it like tcp://127.0.0.1:5556 or ipc:///run/slac/socket"
SCHEMA: Final = schema(
    {
        "bind": text("Address to listen on, such as tcp://127.0.0.1:5557.", pattern=_ADDRESS, form=_FORM),
        "connect": text("Address to dial instead.", pattern=_ADDRESS, form=_FORM),
    }
) | {"oneOf": [{"required": ["bind"]}, {"required": ["connect"]}]}
CAN_WAIT: Final = False
_LINGER_MS: Final = 1_000


def build(settings: Mapping[str, Any], context: OutputContext) -> "ZmqOutput":
    """The output for checked settings."""
    return ZmqOutput(bind=settings.get("bind"), connect=settings.get("connect"), context=context)


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the address can be bound, or somebody is there."""
    if "bind" in settings:
        return at("bind", listen(settings["bind"]))
    return at("connect", call_zmq(settings["connect"]))


class ZmqOutput:
    """Publishes to whoever is subscribed at that moment; without subscribers a message is gone, as PUB has it."""

    def __init__(self, *, bind: str | None, connect: str | None, context: OutputContext) -> None:
        self._bind = bind
        self._connect = connect
        self._context = context
        self._zmq: zmq.asyncio.Context | None = None
        self._socket: zmq.asyncio.Socket | None = None

    async def open(self) -> None:
        """Bind or connect; RunFailed where the address is in use or makes no sense."""
        self._zmq = zmq.asyncio.Context()
        self._socket = self._zmq.socket(zmq.PUB)
        self._socket.linger = _LINGER_MS
        address = self._bind or self._connect or ""
        try:
            if self._bind:
                self._socket.bind(self._bind)
            else:
                self._socket.connect(address)
        except zmq.ZMQError as error:
            await self.close()
            raise RunFailed(f"output {self._context.block} cannot open {address}: {error.strerror}.") from error

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """Send all rows as one message."""
        if self._socket is None:
            raise RunFailed(f"output {self._context.block} is not open.")
        kind = self._context.kinds.get(block, "row")
        body = to_ndjson(frame, document=self._context.document, block=block, kind=kind)
        await self._socket.send_multipart([block.encode(), body])

    async def close(self) -> None:
        """Send what is queued, for up to a second, and let go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._zmq is not None:
            self._zmq.term()
            self._zmq = None
