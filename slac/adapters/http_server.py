"""An HTTP server inside the running event loop, which leaves the process's signals alone."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from slac.diagnostics import RunFailed

_BACKLOG = 256
_HIGHEST_PORT = 65_535


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Ctrl-C belongs to the runtime, which must write a checkpoint first.
        yield


def parse_listen(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8080` (port 0 takes a free one) as host and port; ValueError with a sentence."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"{listen!r} is no address to listen on: write host:port, like 127.0.0.1:8080")
    return host.strip("[]") or "127.0.0.1", int(port)


def bind(listen: str) -> socket.socket:
    """A listening socket; RunFailed with a sentence where the port is in use or not allowed."""
    try:
        host, port = parse_listen(listen)
    except ValueError as error:
        raise RunFailed(f"{error}.") from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise RunFailed(f"{listen} cannot be listened on: {error.strerror or error}.") from error
    return listener


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[int]:
    """Serve `app` for the time of the block; yields the port."""
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await asyncio.shield(task)
        listener.close()
