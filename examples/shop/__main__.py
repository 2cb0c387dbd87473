"""`python -m examples.shop`: the shop on a port, until it is told to end."""

import socket
import time

import click
import uvicorn

from examples.shop.app import build_shop


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--name", default="shop", show_default=True, help="The name of this instance in its events.")
@click.option("--events-url", help="Where business events are posted to as NDJSON; without it there are none.")
@click.option("--access-log/--no-access-log", default=False, help="Write a line for each request.")
def main(host: str, port: int, name: str, events_url: str | None, *, access_log: bool) -> None:
    """A small shop to be watched: /login, /logout, /search, /product, /cart, /checkout, /health, and /faults."""
    listener = _listen(host, port)
    click.echo(f"shop '{name}' listens on http://{host}:{listener.getsockname()[1]}")
    app = build_shop(now=lambda: time.time_ns() // 1_000, instance=name, events_url=events_url)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=access_log)).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}. Try another --port.") from error


if __name__ == "__main__":
    main()
