"""Asking runtimes: those of a directory by their sockets, or one by its address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import zmq

from slac.diagnostics import RunFailed, UsageError
from slac.runtime.inspection.protocol import (
    Answer,
    AskLog,
    AskStatus,
    AskTap,
    Denied,
    Question,
    Rows,
    Told,
    answer_of,
    encode,
)
from slac.runtime.inspection.server import ENDING
from slac.runtime.inspection.socket_path import LONGEST, address_of, fits
from slac.runtime.inspection.status import RuntimeStatus
from slac.runtime.inspection.taps import LIVES, TapForm
from slac.runtime.recorder import LogMode
from slac.runtime.trust.curve import Dial, dial_with
from slac.stream.clock import SECOND

PATIENCE: Final = 5.0
"""Seconds in which a runtime answers, also while it works on a large batch."""
WHERE: Final = Path("var/run")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a runtime can be asked; `name` is what it is called in messages."""

    name: str
    address: str
    keys: Dial | None = None


def places(directory: Path) -> list[Place]:
    """The runtimes that have a socket below `directory`."""
    return [
        Place(path.name.removesuffix(ENDING), address_of(path))
        for path in sorted((directory / WHERE).glob(f"*{ENDING}"))
    ]


def ask_status(place: Place, patience: float = PATIENCE) -> RuntimeStatus:
    """What one runtime says of itself. RunFailed where it does not answer, UsageError where it may not."""
    return _told(place, AskStatus(), patience)


def _told(place: Place, question: Question, patience: float) -> RuntimeStatus:
    with Asked(place) as asked:
        asked.send(question)
        match asked.receive(patience):
            case Told(status=status):
                return status
            case Denied(reason=reason):
                raise UsageError(f"{place.name}: {reason}")
            case _:
                raise RunFailed(_silent(place))


def switch_log(place: Place, mode: LogMode) -> RuntimeStatus:
    """Let one runtime log so much from now on; what it says of itself then. As `ask_status`, with the scope admin."""
    return _told(place, AskLog(mode=mode), PATIENCE)


def watch(place: Place, block: str, rate: float, form: TapForm = "json") -> Iterator[Rows]:
    """Rows of a block as they pass, for as long as somebody takes them.

    UsageError where there is no such block or it may not be seen; RunFailed where the runtime is gone.
    """
    with Asked(place) as asked:
        said = 0.0
        while True:
            if time.monotonic() - said > LIVES / SECOND / 3:
                asked.send(AskTap(block=block, rate=rate, form=form))
                said = time.monotonic()
            match asked.receive(1.0):
                case Rows() as rows:
                    yield rows
                case Denied(reason=reason):
                    raise UsageError(f"{place.name}: {reason}")
                case _:
                    continue


def _silent(place: Place) -> str:
    return f"{place.name} does not answer at {place.address}: it is not running, was killed, or does not know this key"


class Asked:
    """A socket to one runtime, for the time of a `with`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        if place.keys is not None:
            dial_with(self._socket, place.keys)

    def __enter__(self) -> Self:
        if not fits(self._place.address):
            self.__exit__()
            raise UsageError(
                f"{self._place.name}: the path of its socket is longer than {LONGEST} bytes, also from here: "
                f"ask from a directory that is nearer to it ({self._place.address.removeprefix('ipc://')})"
            )
        try:
            self._socket.connect(self._place.address)
        except zmq.ZMQError as error:
            self.__exit__()
            raise UsageError(f'"{self._place.address}" is not an address that can be dialled: {error}') from error
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close(linger=0)
        self._context.term()

    def send(self, question: Question) -> None:
        """Ask."""
        self._socket.send(encode(question))

    def receive(self, patience: float) -> Answer | None:
        """The next answer; None where there is none within `patience` seconds."""
        return answer_of(self._socket.recv()) if self._socket.poll(round(patience * 1_000)) else None
