"""Which runtimes a command asks: those of a directory, or one at an address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slac.cli import launch
from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from slac.runtime.inspection.client import Place

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

_DIRECTORY: Option = click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default=True,
    help="Where the runtimes were started: their sockets are in var/run below it.",
)
_CONNECT: Option = click.option(
    "--connect", metavar="ADDRESS", help="Ask one runtime at its `--control` address instead."
)
_KEYS: Option = click.option(
    "--keys", type=click.Path(path_type=Path), envvar=launch.KEYS, help="Directory of keys, to connect."
)
_OWN: Option = click.option("--as", "own", help="Whose key to ask with. Default: the only one in --keys.")
_RUNTIME: Option = click.option(
    "--runtime",
    metavar="NODE/INSTANCE",
    help="Only this one (DOCUMENT.NODE.INSTANCE where several share it); with --connect: whose key it must prove.",
)


def asks_runtimes(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a command finds runtimes; `found_places` takes their values."""
    return finds_runtimes(_RUNTIME(command), _CONNECT)


def finds_runtimes(command: Callable[..., Any], connect: Option) -> Callable[..., Any]:
    """The options by which all commands find runtimes; what an address may be, `connect` says."""
    return _DIRECTORY(connect(_KEYS(_OWN(command))))


def found_places(
    directory: Path, connect: str | None, keys: Path | None, own: str | None, runtime: str | None
) -> list[Place]:
    """The runtimes to ask; UsageError where there is none."""
    from slac.runtime.inspection.client import WHERE, Place, places

    if connect is not None:
        return [Place(connect, connect, _dial(keys, own, runtime) if keys is not None else None)]
    wanted = "" if runtime is None else "." + runtime.replace("/", ".")
    found = [p for p in places(directory) if f".{p.name}".endswith(wanted)]
    if not found:
        which = f" of {runtime}" if runtime else ""
        raise UsageError(f"no runtime{which} runs in {directory / WHERE}: say --directory, or --connect to an address")
    return found


def _dial(keys: Path, own: str | None, runtime: str | None) -> Any:
    from slac.runtime.trust.curve import Dial
    from slac.runtime.trust.keyring import KeyRing

    ring = KeyRing(keys)
    names = ring.names()
    if own is None and len(names) != 1:
        raise UsageError(f"{keys} has the keys {', '.join(names) or 'of nobody'}: say which one asks, with --as")
    entries = [e for e in ring.allowed.entries() if runtime is None or e.name == runtime]
    if len(entries) != 1:
        known = ", ".join(e.name for e in entries) or "nobody"
        raise UsageError(f"which runtime must prove itself? {keys} allows the keys of {known}: say --runtime")
    return Dial(ring.own(own or names[0]), entries[0].key)
