"""What `slac check --environment` asks of the outside, each question short and without effect.

An adapter module that names an address or a file has `probe_environment(settings) -> list[Problem]`, made of these.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

Code = Literal["environment/missing", "environment/occupied", "environment/unreachable"]
TIMEOUT_S: Final = 2.0
_LOCAL_TRANSPORTS: Final = ("inproc://", "ipc://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong outside: the setting that names it, a sentence without full stop, and whether it may pass."""

    code: Code
    sentence: str
    setting: str = ""
    may_pass: bool = False


def at(setting: str, problems: Iterable[Problem], *, may_pass: bool = False) -> list[Problem]:
    """The problems as those of a setting; `may_pass` where a runtime would wait until they are gone."""
    return [replace(p, setting=setting, may_pass=may_pass or p.may_pass) for p in problems]


def call(host: str, port: int, *, tls: bool = False) -> list[Problem]:
    """Whether somebody takes a connection; with `tls`, whether the certificate is good too."""
    import ssl  # Slow to load, and only a check asks.

    where = f"{host}:{port}"
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [Problem(code="environment/unreachable", sentence=f'the name "{host}" cannot be resolved')]
    try:
        with socket.create_connection((str(addresses[0][4][0]), port), timeout=TIMEOUT_S) as connection:
            if tls:
                ssl.create_default_context().wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLError as error:
        return [Problem(code="environment/unreachable", sentence=f"{where} is not to be trusted: {error.reason}")]
    except OSError as error:
        return [Problem(code="environment/unreachable", sentence=f"nothing answers at {where}: {_reason(error)}")]
    return []


def call_url(url: str) -> list[Problem]:
    """`call` for the host of an http or https address; nothing is asked for."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return [Problem(code="environment/unreachable", sentence=f'"{url}" is no address')]
    return call(parts.hostname or "", port, tls=parts.scheme == "https")


def call_zmq(address: str) -> list[Problem]:
    """`call` for `tcp://host:port`; a side that is not there yet may still come."""
    if address.startswith(_LOCAL_TRANSPORTS):
        return []
    host, port = _host_and_port(address)
    problems = call(host, port) if port is not None else [_no_address(address)]
    return [replace(p, may_pass=p.sentence.startswith("nothing answers")) for p in problems]


def listen(address: str) -> list[Problem]:
    """Whether `host:port` or `tcp://host:port` could be listened on; port 0 always finds one."""
    if address.startswith(_LOCAL_TRANSPORTS):
        return []
    host, port = _host_and_port(address)
    if port is None:
        return [_no_address(address)]
    wildcard = host in {"*", "0.0.0.0"}  # noqa: S104 - what the document says is asked for, and closed at once
    try:
        family, kind, _, _, place = _local(None if wildcard else host, port)
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(1)
    except (OSError, UnicodeError) as error:
        return [Problem(code="environment/occupied", sentence=f"{address} cannot be listened on: {_reason(error)}")]
    return []


def readable(path: str) -> list[Problem]:
    """Whether a file, as seen from the current folder, can be read."""
    place = Path(path).expanduser()
    if not place.exists():
        return [Problem(code="environment/missing", sentence=f"there is no file {path}")]
    if not place.is_file() or not os.access(place, os.R_OK):
        return [Problem(code="environment/missing", sentence=f"{path} is not a file that can be read")]
    return []


def writable(path: str) -> list[Problem]:
    """Whether a file could be written, and its folders made where they are missing; nothing is made."""
    place = Path(path).expanduser().absolute()
    if place.is_dir():
        return [Problem(code="environment/missing", sentence=f"{path} is a folder")]
    existing = next(p for p in (place, *place.parents) if p.exists())
    if not os.access(existing, os.W_OK) or not (existing == place or existing.is_dir()):
        return [Problem(code="environment/missing", sentence=f"{path} cannot be written: {existing} does not allow it")]
    return []


def _local(host: str | None, port: int) -> tuple[int, int, int, str, Any]:
    """What `socket` and `bind` take for an address of this machine; every address of it for None."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]


def _host_and_port(address: str) -> tuple[str, int | None]:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port) if port.isdigit() and int(port) < 65_536 else None


def _no_address(address: str) -> Problem:
    return Problem(code="environment/unreachable", sentence=f'"{address}" is no address with a port')


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_S:g} seconds"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another process listens there"
    return (isinstance(error, OSError) and error.strerror) or str(error)
