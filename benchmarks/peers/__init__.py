"""Engines that a user would pick instead: installed on first use into `var/bench/peers`, or told to be absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from benchmarks.inputs import CACHE
from slac.diagnostics import SlacError

HOME: Final = CACHE / "peers"


class Peer(Protocol):
    """An engine that is there."""

    @property
    def name(self) -> str:
        """What the tables call it, with its version."""
        ...

    @property
    def version(self) -> str:
        """Its version, and that of what it runs on."""
        ...

    def command(self, form: str, *, step: int, span: int, inputs: Sequence[tuple[str, Path]]) -> list[str]:
        """The process that does `form` over the input files (kind and path), and answers commands."""
        ...


@dataclass(frozen=True, slots=True)
class Absent:
    """An engine that cannot be had here, and why."""

    name: str
    reason: str

    @property
    def version(self) -> str:
        """What the results say of it."""
        return f"absent: {self.reason}"


class CannotInstall(SlacError):
    """What a peer needs is not there; the rest runs without it."""
