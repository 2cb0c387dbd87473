"""`/metrics`, `/healthz` and `/readyz` of a runtime."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from slac.runtime.inspection.metrics import CONTENT_TYPE, exposition
from slac.runtime.inspection.status import RuntimeStatus


def observed(status: Callable[[], Awaitable[RuntimeStatus]]) -> Starlette:
    """The application. Any answer says that the runtime is alive; `/readyz` is 503 while it cannot do its part."""

    async def metrics(_: Request) -> Response:
        return Response(exposition(await status()), media_type=CONTENT_TYPE)

    async def alive(_: Request) -> Response:
        await status()
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        reasons = unready(await status())
        return PlainTextResponse("".join(f"{r}\n" for r in reasons) or "ok\n", status_code=503 if reasons else 200)

    return Starlette(routes=[Route("/metrics", metrics), Route("/healthz", alive), Route("/readyz", ready)])


def unready(status: RuntimeStatus) -> list[str]:
    """What keeps a runtime from doing its part, in sentences; empty where nothing does."""
    reasons = []
    if status.sending is not None and not status.sending.connected:
        reasons.append("the receiver of what this runtime sends does not answer")
    reasons += [f"output {n}: {o.waiting} rows wait" for n, o in status.outputs.items() if o.failures and o.waiting]
    reasons += [f"input {n} admits {i.fraction:.1%}" for n, i in status.inputs.items() if i.fraction < 1]
    return reasons + status.not_kept
