"""The shop as an ASGI application: each request meets its fault first, then the endpoint, then the journal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from examples.shop.admin import fault_routes
from examples.shop.endpoints import SERVED, Answer, Call, LoginForm, Served, form
from examples.shop.events import Action, EventSender, Forgetful, Journal
from examples.shop.faults import FaultTable
from examples.shop.store import Refused, Shop

COOKIE = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What all requests share. `now` tells microseconds since the epoch, UTC."""

    shop: Shop
    faults: FaultTable
    journal: Journal
    now: Callable[[], int]

    async def serve(self, name: str, request: Request) -> JSONResponse:
        """Answer one request to the endpoint `name`."""
        started = self.now()
        served = SERVED[name]
        call = await self._call(request)
        strike = self.faults.strike(name)
        if strike.delay:
            await asyncio.sleep(strike.delay)
        answer = Answer(body={"error": strike.error}, status=500) if strike.error else self._answer(served, call)
        if served.event:
            self._record(name, call, answer, started)
        return _response(name, answer)

    async def _call(self, request: Request) -> Call:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.cookies.get(COOKIE, "")
        return Call(
            body=await request.body(),
            query=request.query_params,
            path=request.path_params,
            session=self.shop.session(token),
        )

    def _answer(self, served: Served, call: Call) -> Answer:
        try:
            return served.answer(self.shop, call)
        except Refused as refused:
            return Answer(body={"error": str(refused)}, status=refused.status)

    def _record(self, name: str, call: Call, answer: Answer, started: int) -> None:
        session = answer.session or call.session
        action = Action(
            action=name,
            user=session.user if session else _claimed_user(name, call),
            session=session.number if session else "",
            ok=answer.status < 400,
            duration_ms=(self.now() - started) / 1_000,
            query=call.query.get("q") if name == "search" else None,
            amount=answer.body.get("total"),
        )
        self.journal.record(started // 1_000, action)


def build_app(counter: Counter, sender: EventSender | None = None) -> Starlette:
    """The application; while it is up, `sender` sends what it has collected."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(sender.run()) if sender else None
        yield
        if sending:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    routes = [_route(counter, name, served) for name, served in SERVED.items()]
    return Starlette(routes=[*routes, *fault_routes(counter.faults)], lifespan=lifespan)


def build_shop(
    *, now: Callable[[], int], instance: str = "shop", events_url: str | None = None, interval: float = 0.25
) -> Starlette:
    """A whole shop; its numbers begin with the instance and the time it was built at, so that no two runs share one."""
    run = f"{instance}-{now():x}"
    sender = EventSender(events_url, instance=instance, run=run, interval=interval) if events_url else None
    counter = Counter(shop=Shop(run), faults=FaultTable(SERVED), journal=sender or Forgetful(), now=now)
    return build_app(counter, sender)


def _route(counter: Counter, name: str, served: Served) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        return await counter.serve(name, request)

    return Route(served.path, endpoint, methods=[served.method], name=name)


def _response(name: str, answer: Answer) -> JSONResponse:
    response = JSONResponse(answer.body, answer.status)
    if answer.session is not None:
        response.set_cookie(COOKIE, answer.session.token, httponly=True, samesite="strict")
    elif name == "logout":
        response.delete_cookie(COOKIE)
    return response


def _claimed_user(name: str, call: Call) -> str:
    """Who a failed login said to be."""
    if name != "login":
        return ""
    with suppress(Refused, msgspec.MsgspecError):
        return form(LoginForm, call.body).user
    return ""
