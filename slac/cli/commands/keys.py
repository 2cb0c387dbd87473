"""`slac keys`: key pairs of runtimes and people, and who is allowed to do what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from slac.cli import launch
from slac.cli.console import put, say
from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from slac.runtime.trust.keyring import KeyRing

SCOPES: Final = ("link", "read", "tap", "admin")

_KEYS_MAY_BEGIN_WITH_A_DASH: Final = {"ignore_unknown_options": True, "help_option_names": ["--help"]}

_directory = click.option(
    "--keys",
    "directory",
    type=click.Path(path_type=Path),
    envvar=launch.KEYS,
    default=Path("var/keys"),
    show_default=True,
    help="Where keys and the list of those that are allowed lie.",
)


def _ring(directory: Path) -> KeyRing:
    from slac.runtime.trust.keyring import KeyRing

    return KeyRing(directory)


@click.group()
def keys() -> None:
    """Make keys of runtimes and people, and say who is allowed to do what.

    Links and control sockets that leave a machine take only keys that are allowed where they listen.
    """


@keys.command()
@click.argument("name")
@_directory
def new(name: str, directory: Path) -> None:
    """Make a key pair for NAME: `node/instance` for a runtime, any other name for a person or tool.

    The public half is printed; the secret half never leaves its file.
    """
    pair = _ring(directory).new(name)
    put(f"{pair.public}\n")
    say(f"the secret half is in {directory}; allow the public one where it is to be heard:")
    say(f"  slac keys allow '{pair.public}' --as {name}")


@keys.command(name="new-deployment")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@_directory
def new_deployment(path: Path | None, directory: Path) -> None:
    """Make the key that all runtimes of a deployment hash sensitive fields with, in PATH.

    Default: `deployment.key` among the keys, where runtimes with these --keys find it. It is never printed: bring the
    file itself to the other machines.
    """
    from slac.runtime.trust.deployment import FILE, new_key

    made = path or directory / FILE
    new_key(made)
    say(f"the key is in {made}; give it to every runtime of the deployment:")
    say(f"  slac run … --sensitive-key {made}")


@keys.command(name="list")
@_directory
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(directory: Path, form: str) -> None:
    """Show the public halves of the pairs that lie here, and the keys that are allowed."""
    ring = _ring(directory)
    own = {name: ring.own(name).public for name in ring.names()}
    allowed = ring.allowed.entries()
    if form == "json":
        import msgspec

        document = {"own": own, "allowed": allowed}
        put(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
        return
    for name, public in own.items():
        put(f"own      {public}  {name}\n")
    for entry in allowed:
        where = f"  at {entry.address}" if entry.address else ""
        put(f"allowed  {entry.key}  {entry.name}  {', '.join(entry.scopes)}{where}\n")
    if not own and not allowed:
        say(f"there are no keys in {directory}")


@keys.command(context_settings=_KEYS_MAY_BEGIN_WITH_A_DASH)
@click.argument("key")
@click.option("--as", "name", required=True, help="Whose key it is: `node/instance` of a runtime, or another name.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What it may do. Default: link for a runtime, read for others.",
)
@click.option(
    "--address", default="", help="Where it is dialled, as the document says it: needed where several play one node."
)
@_directory
def allow(key: str, name: str, scopes: tuple[str, ...], address: str, directory: Path) -> None:
    """Allow the public KEY. Runtimes that run take it in at once."""
    import msgspec

    from slac.runtime.trust.allowed import Entry

    chosen = scopes or (("link",) if "/" in name else ("read",))
    entry = msgspec.convert({"name": name, "key": key, "scopes": chosen, "address": address}, Entry)
    _ring(directory).allowed.allow(entry)


@keys.command(context_settings=_KEYS_MAY_BEGIN_WITH_A_DASH)
@click.argument("name_or_key")
@_directory
def revoke(name_or_key: str, directory: Path) -> None:
    """Allow a key no longer, by its name or itself. What it has open is cut off with its next message."""
    ring = _ring(directory)
    if ring.allowed.revoke(name_or_key) is None:
        from slac.diagnostics.suggest import listed, suggest

        names = [e.name for e in ring.allowed.entries()]
        hint = suggest(name_or_key, names)
        raise UsageError(
            f'"{name_or_key}" is not allowed in {directory}; allowed are: {listed(names)}'
            + (f"; {hint}" if hint else "")
        )
