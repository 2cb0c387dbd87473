"""CURVE on a socket: who listens lets in only allowed keys, and learns with each message whose it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

import zmq
import zmq.asyncio
from zmq.auth.asyncio import AsyncioAuthenticator

from slac.runtime.trust.allowed import AllowList, Entry
from slac.runtime.trust.keyring import Pair

DOMAIN: Final = "slac"
USER: Final = "User-Id"
_FAILED: Final = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
)
_NO_PROOF: Final = "does not prove to be who it should be, or speaks without keys"
_REASONS: Final = {int(zmq.EVENT_HANDSHAKE_FAILED_AUTH): "does not allow this runtime's key (`slac keys allow` there)"}

log = logging.getLogger("slac.trust")


class Door:
    """Answers ZeroMQ's question whether a key may connect; one for all sockets of a context."""

    def __init__(self, context: zmq.asyncio.Context) -> None:
        self._authenticator = AsyncioAuthenticator(context)
        self._lists: list[AllowList] = []
        self._refused: set[str] = set()

    def start(self) -> None:
        """Begin to answer; before any guarded socket is bound, or it would let everybody in."""
        self._authenticator.start()
        self._authenticator.configure_curve_callback(DOMAIN, self)

    def stop(self) -> None:
        """No longer."""
        self._authenticator.stop()

    def guard(self, socket: zmq.Socket[bytes] | zmq.asyncio.Socket, own: Pair, allowed: AllowList) -> None:
        """Let only keys of `allowed` connect to `socket`, which is not bound yet."""
        self._lists.append(allowed)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, own.secret)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, own.public.encode())
        socket.setsockopt_string(zmq.ZAP_DOMAIN, DOMAIN)

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether a key may connect; the first time that it may not is told."""
        del domain
        text = key.decode()
        if any(one.of_key(text) is not None for one in self._lists):
            return True
        if text not in self._refused and len(self._refused) < 10_000:
            self._refused.add(text)
            log.warning("refused a connection with the key %s, which is not allowed", text)
        return False


@dataclass(frozen=True, slots=True)
class Dial:
    """What a dialling socket needs: its own pair, and the public key of the one that is to answer."""

    own: Pair
    server: str


def dial_with(socket: zmq.Socket[Any] | zmq.asyncio.Socket, keys: Dial) -> None:
    """Have `socket`, which is not connected yet, speak only to the holder of the public key `keys.server`."""
    socket.setsockopt(zmq.CURVE_SERVERKEY, keys.server.encode())
    socket.setsockopt(zmq.CURVE_SECRETKEY, keys.own.secret)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.own.public.encode())


def speaker(frame: zmq.Frame, allowed: AllowList) -> Entry | None:
    """Who sent a frame that came in on a guarded socket; None where the key has been revoked since it connected."""
    try:
        key = frame.get(USER)
    except zmq.ZMQError:
        return None
    return allowed.of_key(str(key))


async def watch_handshakes(socket: zmq.asyncio.Socket, address: str) -> None:
    """Tell, once for each kind, that the other side does not accept our key, or is not who it should be."""
    monitor = socket.get_monitor_socket(_FAILED)
    told: set[int] = set()
    try:
        while True:
            event = int.from_bytes((await monitor.recv_multipart())[0][:2], "little")
            if event not in told:
                told.add(event)
                log.warning("%s %s; it is tried again", address, _REASONS.get(event, _NO_PROOF))
    finally:
        socket.disable_monitor()
        monitor.close(linger=0)
