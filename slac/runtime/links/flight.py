"""What is on its way to a receiver: bounded, so that a slow one makes nobody queue without end."""

from __future__ import annotations

from collections import deque
from typing import Final

MESSAGES: Final = 256
"""Messages that may be on their way, unless the receiver says otherwise …"""
WINDOW: Final = 1024 * 1024
"""… and bytes, before it has said how many it has room for."""
TOLD: Final = 4
"""A receiver tells what it has taken when that is one part in so many of the window; else with a sign of life."""


class Flight:
    """Messages of one epoch that the receiver's core has not taken yet: `window` bytes at most, but always one."""

    def __init__(self) -> None:
        self.window = WINDOW
        self._on_way: deque[tuple[int, int]] = deque()
        self.bytes = 0

    @property
    def has_room(self) -> bool:
        """Whether another message may leave."""
        return not self._on_way or (self.bytes < self.window and len(self._on_way) < MESSAGES)

    @property
    def messages(self) -> int:
        """How many are on their way."""
        return len(self._on_way)

    def begin(self, window: int) -> None:
        """A new epoch: nothing is on its way."""
        self.window = window
        self._on_way.clear()
        self.bytes = 0

    def left(self, number: int, size: int) -> None:
        """Message `number` of `size` bytes has been handed over for sending."""
        self._on_way.append((number, size))
        self.bytes += size

    def taken(self, number: int, window: int) -> None:
        """The receiver has taken all messages up to `number`, and has room for `window` bytes from now on."""
        self.window = window
        while self._on_way and self._on_way[0][0] <= number:
            self.bytes -= self._on_way.popleft()[1]


class Receipts:
    """The receiver's side of one sender's flight: what has come, what the core has taken, and what is to be told."""

    def __init__(self) -> None:
        self.taken = 0
        self._sizes: deque[tuple[int, int]] = deque()
        self._messages = self._bytes = 0

    def came(self, number: int, size: int) -> None:
        """Message `number` of `size` bytes waits for the core."""
        self._sizes.append((number, size))

    def took(self, number: int) -> None:
        """The core has taken all messages up to `number`."""
        while self._sizes and self._sizes[0][0] <= number:
            self._bytes += self._sizes.popleft()[1]
            self._messages += 1
        self.taken = max(self.taken, number)

    def due(self, window: int) -> bool:
        """Whether so much has been taken that the sender should know now."""
        return self._messages * TOLD >= MESSAGES or self._bytes * TOLD >= window

    def tell(self) -> int:
        """The number up to which all was taken, which is being told."""
        self._messages = self._bytes = 0
        return self.taken
