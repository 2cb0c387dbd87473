"""What one runtime knows of trust: its own key, those that it allows, and the door that asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import zmq.asyncio

from slac.diagnostics import RunFailed
from slac.runtime.trust.allowed import AllowList
from slac.runtime.trust.curve import Door
from slac.runtime.trust.keyring import KeyRing, Pair
from slac.stream.addresses import is_local


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys are used on every TCP link of a runtime that has them, loopback or not."""

    ring: KeyRing
    own: Pair
    door: Door

    @property
    def allowed(self) -> AllowList:
        """The keys that may connect."""
        return self.ring.allowed


def make_trust(keys: Path | None, name: str) -> Trust | None:
    """The trust of the runtime `node/instance`; None where it has no keys. RunFailed where its own key is missing."""
    if keys is None:
        return None
    ring = KeyRing(keys)
    return Trust(ring, ring.own(name), Door(zmq.asyncio.Context.instance()))


def refuse_plain(trust: Trust | None, address: str, what: str) -> None:
    """RunFailed where `address` reaches beyond this machine and there are no keys to protect it."""
    if trust is None and not is_local(address):
        raise RunFailed(
            f"{what} {address} would be open to everybody who can reach it: give keys (`slac keys new`, "
            "`slac run --keys DIR`), or stay on 127.0.0.1"
        )
