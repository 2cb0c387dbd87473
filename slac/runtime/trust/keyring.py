"""A directory of CURVE keys: one pair for each runtime or person of this machine, and the allow-list."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import zmq

from slac.diagnostics import RunFailed, UsageError
from slac.runtime.trust.allowed import NAME, AllowList

ALLOWED: Final = "allowed.json"
ENDING: Final = ".secret"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Pair:
    """A key pair in Z85. The secret half is in no message and no representation."""

    name: str
    public: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Pair({self.name!r}, {self.public!r})"


class KeyRing:
    """The keys below `directory`: `<name>.secret` (0600) for each pair, `/` in a name as `@`, and `allowed.json`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.allowed = AllowList(directory / ALLOWED)

    def new(self, name: str) -> Pair:
        """Make a pair. UsageError where the name has one already, or can be none."""
        if not NAME.fullmatch(name):
            raise UsageError(f'"{name}" cannot name a key: write node/instance, or the name of a person or tool')
        public, secret = _keypair()
        path = self._path(name)
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secret + b"\n")
        except FileExistsError as error:
            raise UsageError(f'"{name}" has a key already: {path}') from error
        except OSError as error:
            raise UsageError(f"the key {path} cannot be written: {error.strerror}") from error
        return Pair(name, public.decode(), secret)

    def own(self, name: str) -> Pair:
        """The pair of `name`. RunFailed where there is none, or where others can read its secret."""
        path = self._path(name)
        try:
            mode = path.stat().st_mode
            secret = path.read_bytes().strip()
            public = zmq.curve_public(secret)
        except FileNotFoundError as error:
            raise RunFailed(
                f'there is no key of "{name}" in {self.directory}: make it with `slac keys new {name} --keys '
                f"{self.directory}`, and allow it where it is to be heard"
            ) from error
        except (OSError, ValueError, zmq.ZMQError) as error:
            raise RunFailed(f"the key {path} cannot be read: {error}") from error
        if mode & _OTHERS:
            raise RunFailed(f"the key {path} can be read by others: `chmod 600` it, or make another if they may have")
        return Pair(name, public.decode(), secret)

    def names(self) -> list[str]:
        """The names that have a pair here."""
        if not self.directory.is_dir():
            return []
        return sorted(p.name.removesuffix(ENDING).replace("@", "/") for p in self.directory.glob(f"*{ENDING}"))

    def of_node(self, node: str, address: str = "") -> str:
        """The public key of the runtime of `node` that is dialled at `address`. RunFailed where that is unclear.

        Where several play the node, it is the one that was allowed with this address.
        """
        found = [e for e in self.allowed.entries() if e.name.partition("/")[0] == node and "link" in e.scopes]
        found = [e for e in found if e.address in {"", address}]
        found = [e for e in found if e.address] or found
        if len(found) == 1:
            return found[0].key
        if not found:
            raise RunFailed(
                f'no key of a runtime of node "{node}" is allowed in {self.allowed.path}: without it, what answers '
                f"could be anybody. `slac keys allow KEY --as {node}/INSTANCE` with the key that the other side lists"
            )
        names = ", ".join(e.name for e in found)
        raise RunFailed(
            f'several keys of node "{node}" are allowed ({names}), and nothing says which is at {address or "it"}: '
            f"`slac keys allow KEY --as {node}/INSTANCE --address {address or 'ADDRESS'}` for each"
        )

    def _path(self, name: str) -> Path:
        return self.directory / f"{name.replace('/', '@')}{ENDING}"


def _keypair() -> tuple[bytes, bytes]:
    """A pair whose public half begins with a letter or digit, so that no command takes it for an option."""
    while True:
        public, secret = zmq.curve_keypair()
        if public[:1].isalnum():
            return public, secret
