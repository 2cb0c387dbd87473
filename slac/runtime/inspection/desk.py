"""All ways to look into one runtime, opened and closed together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from slac.runtime.inspection.changing import Changing
from slac.runtime.inspection.server import ENDING, ControlSocket
from slac.runtime.inspection.status import Parts, RuntimeStatus
from slac.runtime.inspection.taps import Taps
from slac.runtime.recorder import LogMode
from slac.runtime.trust.trust import Trust
from slac.stream.clock import Clock

PLACE = ("var", "run")


class Inspection:
    """The control socket of a runtime, and its HTTP endpoints where it has any."""

    def __init__(
        self,
        parts: Parts,
        status: Callable[[], Awaitable[RuntimeStatus]],
        *,
        clock: Clock,
        trust: Trust | None,
        changing: Changing,
    ) -> None:
        settings = parts.settings
        name = f"{parts.plan.document}.{settings.node}.{settings.instance}{ENDING}"
        self._status = status
        self._http = settings.http
        self._stack = AsyncExitStack()
        taps = Taps(parts.plan, parts.core.flow.tap)
        parts.core.flow.tap = taps
        self._taps = taps
        self._socket = ControlSocket(
            settings.directory.joinpath(*PLACE, name),
            settings.control,
            taps=taps,
            status=status,
            clock=clock,
            trust=trust,
            shared=settings.once,
            changing=changing,
        )

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks at the rows of a block."""
        return self._taps.is_watched

    def log_by(self, switch: Callable[[LogMode], Awaitable[None]]) -> None:
        """Who switches the log when that is asked for."""
        self._socket.switch = switch

    async def start(self) -> None:
        """Open. RunFailed where an address cannot be had, or another runtime of this name runs here."""
        self._socket.start()
        if self._http is not None:
            # A web server takes memory that a runtime without one need not have.
            from slac.adapters.http_server import bind, serving
            from slac.runtime.inspection.http import observed

            await self._stack.enter_async_context(serving(observed(self._status), bind(self._http)))

    async def stop(self) -> None:
        """Close."""
        await self._stack.aclose()
        await self._socket.stop()
