"""Two network namespaces with a wire between them that drops, delays and paces packets, or is cut.

Each end is a TUN device; a thread of the test carries IP packets from one to the other.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_LARGEST: Final = 2048


@dataclass(slots=True)
class Wire:
    """`loss`: share of packets that are dropped; `delay`: seconds each takes; `rate`: bytes a second in each direction.

    `is_cut`: nothing passes. `passed` and `dropped` count packets.
    """

    loss: float = 0.0
    delay: float = 0.0
    rate: float = 1e9
    is_cut: bool = False
    passed: int = 0
    dropped: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(6))

    def carry(self, ends: tuple[int, int], stop: threading.Event) -> None:
        """Until it is to stop."""
        on_way: list[tuple[float, int, int, bytes]] = []
        free = [0.0, 0.0]
        while not stop.is_set():
            wait = min(max(on_way[0][0] - time.monotonic(), 0.0), 0.05) if on_way else 0.05
            ready, _, _ = select.select(ends, [], [], wait)
            now = time.monotonic()
            for handle in ready:
                packet = os.read(handle, _LARGEST)
                way = ends.index(handle)
                if self.is_cut or self.chance.random() < self.loss:
                    self.dropped += 1
                    continue
                free[way] = max(free[way], now) + len(packet) / self.rate
                heapq.heappush(on_way, (free[way] + self.delay, self.passed, ends[1 - way], packet))
                self.passed += 1
            while on_way and on_way[0][0] <= now:
                _, _, end, packet = heapq.heappop(on_way)
                with suppress(OSError):
                    os.write(end, packet)


@dataclass(frozen=True, slots=True)
class Side:
    """One namespace, and its address on the wire."""

    name: str
    address: str

    def command(self, *arguments: str) -> list[str]:
        """A command that runs in it."""
        return ["ip", "netns", "exec", self.name, *arguments]


@contextmanager
def wired() -> Iterator[tuple[Side, Side, Wire]]:
    """The two sides and the wire; skips the test, saying so, where that takes rights that nobody has here."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        pytest.skip("network namespaces and TUN devices take root and /dev/net/tun")
    number = os.getpid() % 65_000
    subnet = f"10.{77 + number // 16_384}.{(number // 64) % 256}"
    sides = (Side(f"slac{number}a", f"{subnet}.1"), Side(f"slac{number}b", f"{subnet}.2"))
    wire, stop = Wire(), threading.Event()
    with ExitStack() as stack:
        handles = []
        for side, other in (sides, sides[::-1]):
            try:
                _ip("netns", "add", side.name)
                stack.callback(_ip, "netns", "del", side.name)
                handles.append(_tun(side.name))
                stack.callback(os.close, handles[-1])
                _ip("link", "set", side.name, "netns", side.name)
                _ip("-n", side.name, "addr", "add", side.address, "peer", other.address, "dev", side.name)
                for device in ("lo", side.name):
                    _ip("-n", side.name, "link", "set", device, "up")
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"network namespaces and TUN devices cannot be made here: {error}")
        thread = threading.Thread(target=wire.carry, args=((handles[0], handles[1]), stop), daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        yield *sides, wire


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _tun(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return handle
