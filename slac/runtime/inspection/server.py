"""The control socket of a runtime: a file in `var/run` that only its owner can open, or an address with keys."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import zmq
import zmq.asyncio

from slac.diagnostics import RunFailed, SlacError
from slac.diagnostics.suggest import listed, suggest
from slac.runtime.durable.lock import FileLock
from slac.runtime.inspection.changing import LARGEST_CHANGE, Changing
from slac.runtime.inspection.protocol import (
    LARGEST,
    Answer,
    AskLog,
    AskStatus,
    AskTap,
    BadQuestion,
    Denied,
    EndTap,
    Question,
    Rows,
    Told,
    encode,
    question_of,
)
from slac.runtime.inspection.socket_path import LONGEST, address_of, fits
from slac.runtime.inspection.status import RuntimeStatus
from slac.runtime.inspection.taps import Taps
from slac.runtime.recorder import LogMode
from slac.runtime.trust.allowed import Entry, Scope
from slac.runtime.trust.curve import speaker
from slac.runtime.trust.trust import Trust, refuse_plain
from slac.stream.clock import Clock

ENDING: Final = ".control"
_SHOW: Final = 0.1
"""Seconds between two looks at what has passed the taps."""
_LAST_WORD: Final = 200
"""Milliseconds in which an answer may still leave at the end."""
_SCOPES: Final[dict[type, Scope]] = {AskStatus: "read", AskTap: "tap", EndTap: "tap", AskLog: "admin"}
_CHANGES: Final[Scope] = "admin"
"""The scope of everything else."""

log = logging.getLogger("slac.control")


class ControlSocket:
    """Answers questions about one runtime, on its event loop while the core is in no call.

    `path`: the socket's file, with a lock beside it, so that two runtimes of one name do not run in one directory; with
    `shared` the second one runs without a socket. `address`: where others may ask too, with keys unless on loopback.
    """

    def __init__(
        self,
        path: Path,
        address: str | None,
        *,
        taps: Taps,
        status: Callable[[], Awaitable[RuntimeStatus]],
        clock: Clock,
        trust: Trust | None,
        shared: bool,
        changing: Changing,
    ) -> None:
        self._path = path
        self._address = address
        self._taps = taps
        self._status = status
        self._clock = clock
        self._trust = trust
        self._shared = shared
        self.switch: Callable[[LogMode], Awaitable[None]] | None = None
        self._changing = changing
        self._lock = FileLock(path.with_suffix(".lock"))
        self._sockets: list[zmq.asyncio.Socket] = []
        self._file: zmq.asyncio.Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._watching: dict[bytes, zmq.asyncio.Socket] = {}

    def start(self) -> None:
        """Listen. RunFailed where another runtime of this name runs here, or the address cannot be had."""
        if not self._take_lock():
            log.info("another run of this name has the control socket")
            return
        address = address_of(self._path)
        if fits(address):
            self._listen(address, guarded=False)
        else:
            log.warning("no control socket: the path %s is longer than %d bytes", self._path, LONGEST)
        if self._address is not None:
            refuse_plain(self._trust, self._address, "a control socket on")
            self._listen(self._address, guarded=self._trust is not None)
        self._tasks.append(asyncio.create_task(self._show(), name="taps"))

    async def stop(self) -> None:
        """Close, and leave no file behind."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in self._sockets:
            socket.close(linger=_LAST_WORD)
        if self._lock.is_held:
            self._path.unlink(missing_ok=True)
            self._lock.release()

    def _take_lock(self) -> bool:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            is_ours = self._lock.take()
        except OSError as error:
            raise RunFailed(f"{self._lock.path} cannot be written: {error.strerror}") from error
        if not is_ours and not self._shared:
            raise RunFailed(
                f"a runtime of this document, node and instance runs in this directory already ({self._path.stem}): "
                "give each its own --instance name"
            )
        return is_ours

    def _listen(self, address: str, *, guarded: bool) -> None:
        socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        is_file = address.startswith("ipc://")
        socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_CHANGE if guarded or is_file else LARGEST)
        socket.setsockopt(zmq.SNDHWM, 1_000)
        self._sockets.append(socket)
        if guarded and self._trust is not None:
            self._trust.door.guard(socket, self._trust.own, self._trust.allowed)
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            raise RunFailed(f"the control socket cannot listen on {address}: {error.strerror or error}") from error
        if is_file:
            self._path.chmod(0o600)
            self._file = socket
        self._tasks.append(asyncio.create_task(self._answer_on(socket, guarded=guarded), name="control"))

    async def _answer_on(self, socket: zmq.asyncio.Socket, *, guarded: bool) -> None:
        while True:
            identity, *frames = await socket.recv_multipart(copy=False)
            who = identity.bytes
            try:
                if len(frames) != 1:
                    raise BadQuestion(f"a question has one frame, not {len(frames)}")  # noqa: TRY301 - all end below
                entry = self._entry(frames[0]) if guarded else None
                # The socket's file is for its owner only; an address without keys is for everybody on the machine.
                trusted = _CHANGES in entry.scopes if entry is not None else socket is self._file
                asked = question_of(frames[0].bytes, trusted=trusted)
                denied = self._denied(entry, asked) if socket is not self._file else None
                answer: Answer | None = denied or await self._answer(who, socket, asked)
            except BadQuestion as error:
                log.warning("a question was not understood: %s", error)
                answer = Denied(reason=str(error))
            except SlacError as error:
                answer = Denied(reason=str(error))
            if answer is not None:
                self._put(socket, who, answer)

    def _entry(self, frame: zmq.Frame) -> Entry | None:
        return speaker(frame, self._trust.allowed) if self._trust is not None else None

    def _denied(self, entry: Entry | None, asked: Question) -> Denied | None:
        """Why one who asks at an address may not; without keys all on this machine may look, and change nothing."""
        scope = _SCOPES.get(type(asked), _CHANGES)
        if self._trust is None and scope != _CHANGES:
            return None
        if self._trust is None:
            return Denied(reason="an address without keys takes no changes: ask by the socket in var/run, or give keys")
        if entry is not None and scope in entry.scopes:
            return None
        name = entry.name if entry is not None else "this key"
        return Denied(reason=f"{name} may not do this: it needs the scope {scope} (slac keys allow … --scope {scope})")

    async def _answer(self, who: bytes, socket: zmq.asyncio.Socket, asked: Question) -> Answer | None:
        match asked:
            case AskStatus():
                return Told(status=await self._status())
            case AskLog(mode=mode):
                return await self._log(mode)
            case AskTap(block=block, rate=rate, form=form):
                try:
                    self._taps.watch(who, block, max(rate, 0.0), self._clock.now(), form)
                except KeyError:
                    hint = suggest(block, self._taps.blocks)
                    there = f'there is no block "{block}" here; there are: {listed(sorted(self._taps.blocks))}'
                    return Denied(reason=f"{there}; {hint}" if hint else there)
                self._watching[who] = socket
            case EndTap():
                self._taps.leave(who)
                self._watching.pop(who, None)
            case _:
                return self._changing.on_change(asked)
        return None

    async def _log(self, mode: LogMode) -> Answer:
        if self.switch is None:
            return Denied(reason="this runtime has no log")
        try:
            await self.switch(mode)
        except (RunFailed, OSError) as error:
            return Denied(reason=str(error))
        return Told(status=await self._status())

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(_SHOW if self._taps.is_watched else 1.0)
            for who, block, lines, passed in self._taps.shown(self._clock.now()):
                self._put(self._watching[who], who, Rows(block=block, lines=lines, passed=passed))
            for gone in self._watching.keys() - self._taps.watching:
                del self._watching[gone]

    def _put(self, socket: zmq.asyncio.Socket, who: bytes, answer: Answer) -> None:
        """To one that does not take it, or is gone, nothing is said."""
        future = asyncio.ensure_future(socket.send_multipart([who, encode(answer)], flags=zmq.NOBLOCK))
        if future.done():
            future.exception()
