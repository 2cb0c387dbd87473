"""What a state directory says of a plan that was applied while its runtime ran: the record that commits it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import xxhash

from slac.diagnostics import RunFailed
from slac.plan.graph import Plan
from slac.runtime.durable.files import Files

DEPLOYED: Final = "deployed"
"""The plan that the runtime goes by, whatever document it is started with …"""
SEALED: Final = "deployed.next"
"""… and one that it has agreed to, and not been told to begin with."""
FORMAT: Final = 1
_MAGIC: Final = b"slac-deployed\n"
_HEAD: Final = len(_MAGIC) + 8


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that took the place of another: `change` names the change, `plan` is its JSON.

    `replaced`: digests of the documents whose place it has taken. `forget`: inputs whose journals mean nothing to it.
    """

    format: int = FORMAT
    change: str
    plan: bytes
    replaced: tuple[str, ...]
    forget: tuple[str, ...] = ()


def read_deployed(path: Path) -> Deployed | None:
    """None where there is none; RunFailed where it is damaged: to guess which plan is meant would mix two."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunFailed(f"{path} cannot be read: {error.strerror}") from error
    head, body = data[:_HEAD], data[_HEAD:]
    if head == _MAGIC + xxhash.xxh3_64_digest(body):
        with suppress(msgspec.DecodeError):  # another version may have other fields
            found = msgspec.msgpack.decode(body, type=Deployed)
            if found.format == FORMAT:
                return found
    raise RunFailed(f"{path}, which says what plan runs here, is damaged, or was written by another version of slac")


def to_bytes(deployed: Deployed) -> bytes:
    """As it stands in its file, with a checksum."""
    body = msgspec.msgpack.encode(deployed)
    return _MAGIC + xxhash.xxh3_64_digest(body) + body


def cut_of(change: str) -> str:
    """The file that holds the checkpoint which a change begins with, until it is the newest."""
    return f"checkpoint.{change}"


def plan_in_place(plan: Plan, directory: Path) -> Plan:
    """The plan that the state in `directory` is of, where it took the place of `plan`; else `plan` itself."""
    found = read_deployed(directory / DEPLOYED)
    if found is None or plan.data.digest not in found.replaced:
        return plan
    return Plan.from_json(found.plan)


class Deploying:
    """The steps of a change in one state directory: seal, then commit or abandon. Each is whole or not at all."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._files = files

    @property
    def sealed(self) -> Deployed | None:
        """What was agreed to and is neither begun nor given up."""
        return read_deployed(self._directory / SEALED)

    @property
    def current(self) -> Deployed | None:
        """What was begun last."""
        return read_deployed(self._directory / DEPLOYED)

    def seal(self, deployed: Deployed, manifest: bytes) -> None:
        """Keep plan and checkpoint, so that a crash forgets neither. OSError where the disk refuses."""
        self._files.write(self._directory / cut_of(deployed.change), manifest)
        fresh = self._directory / "deployed.new"
        self._files.write(fresh, to_bytes(deployed))
        self._files.replace(fresh, self._directory / SEALED)
        self._files.sync(self._directory)

    def commit(self) -> None:
        """From here on the sealed plan is the one. OSError where the disk refuses: then it is not."""
        self._files.replace(self._directory / SEALED, self._directory / DEPLOYED)
        self._files.sync(self._directory)

    def abandon(self) -> None:
        """Forget what was sealed."""
        sealed = self.sealed
        self._files.remove(self._directory / SEALED)
        if sealed is not None:
            self._files.remove(self._directory / cut_of(sealed.change))
        self._files.sync(self._directory)

    def settle(self, generations: tuple[str, str]) -> None:
        """Let the checkpoint of the plan that was begun be the newest, and the only one. May be done again."""
        current, sealed = self.current, self.sealed
        kept = {*generations, *(cut_of(c.change) for c in (current, sealed) if c is not None)}
        for stray in (p for p in self._directory.glob("checkpoint.*") if p.name not in kept):
            self._files.remove(stray)
        if current is None or not (cut := self._directory / cut_of(current.change)).exists():
            return
        for name in current.forget:
            shutil.rmtree(self._directory / "journal" / name, ignore_errors=True)
        newest, previous = (self._directory / n for n in generations)
        # One of another plan is none to go back to.
        self._files.remove(previous)
        self._files.replace(cut, newest)
        self._files.sync(self._directory)
