"""The watchdog against a real HTTP server."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from slac.adapters.discovery import check_settings
from slac.adapters.http_check.checker import HttpCheckInput
from slac.adapters.http_server import bind, serving
from slac.adapters.inputs import http_check
from slac.stream.ports import InputContext
from tests.adapters.inputs.sinks import RememberingSink, Running


async def login(request: Request) -> Response:
    """A token for the right password."""
    body = await request.json()
    right = body["password"] == "secret"
    return JSONResponse({"user": {"tokens": ["t-1"]}} if right else {}, status_code=200 if right else 401)


async def cart(request: Request) -> Response:
    """The cart, for who has the token."""
    if request.headers.get("authorization") != "Bearer t-1":
        return PlainTextResponse("who are you?", status_code=403)
    return JSONResponse({"items": [{"id": 7}], "total": 1.5})


async def slow(_: Request) -> Response:
    """Answers too late."""
    await asyncio.sleep(0.5)
    return PlainTextResponse("late")


def moved(_: Request) -> Response:
    """Goes elsewhere."""
    return RedirectResponse("/hello")


def hello(_: Request) -> Response:
    """Text."""
    return PlainTextResponse("hello, world")


SHOP = Starlette(
    routes=[
        Route("/login", login, methods=["POST"]),
        Route("/cart", cart),
        Route("/slow", slow),
        Route("/moved", moved),
        Route("/hello", hello),
    ]
)
LOGIN = {"method": "post", "url": "/login", "json": {"password": "secret"}, "save": {"token": "user.tokens.0"}}


def with_shop(test: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Run the test with the shop's address."""

    async def run() -> None:
        async with serving(SHOP, bind("127.0.0.1:0")) as port:
            await test(f"http://127.0.0.1:{port}")

    asyncio.run(run())


def check(steps: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """The event of one run of one case."""
    events: list[dict[str, Any]] = []

    async def test(url: str) -> None:
        sink = RememberingSink()
        await build(url, {"only": steps}, **settings).run(sink)
        events.append(orjson.loads(sink.lines[0]))

    with_shop(test)
    return events[0]


def build(url: str, cases: dict[str, list[dict[str, Any]]], *, once: bool = True, **more: Any) -> HttpCheckInput:
    """The adapter for cases of the module `shop`."""
    modules = {"shop": {"cases": {name: {"steps": steps} for name, steps in cases.items()}}}
    settings = {"url": url, "modules": modules, **more}
    assert check_settings(http_check, settings) == []
    context = InputContext(block="watchdog", instance="web-1", now=lambda: 1_700_000_000_000_000, once=once)
    return http_check.build(settings, context)


def test_a_transaction_carries_what_it_saved() -> None:
    """The token of the login opens the cart."""
    event = check(
        [
            LOGIN,
            {
                "url": "/cart",
                "headers": {"Authorization": "Bearer {token}"},
                "expect": {"status": [200, 204], "json": {"items.0.id": 7, "total": 1.5}, "body_contains": "items"},
            },
            {"url": "/moved", "expect": {"body_contains": "world"}},
        ]
    )
    assert event["timestamp"] == "2023-11-14T22:13:20+00:00"
    assert event["context"] == {"module": "shop", "test_case": "only"}
    assert event["payload"]["outcome"] == "success"
    assert event["payload"]["exception"] is None
    assert event["payload"]["duration_ms"] > 0


def test_failures_say_which_step_and_why() -> None:
    """Status, content, JSON value, time, nothing to save, nobody there."""
    cases: list[tuple[list[dict[str, Any]], str]] = [
        ([{"url": "/cart"}], "step 1 (GET /cart): expected status 200, got 403"),
        ([LOGIN, {"url": "/hello", "expect": {"body_contains": "moon"}}], "step 2 (GET /hello): the answer does not"),
        ([{**LOGIN, "expect": {"json": {"user.tokens.0": "t-2"}}}], "expected user.tokens.0 to be 't-2', got 't-1'"),
        ([{**LOGIN, "expect": {"json": {"user.name": "t-2"}}}], "the answer has no user.name"),
        ([{**LOGIN, "save": {"token": "nothing"}}], "the answer has no nothing to save as 'token'"),
        ([{"url": "/slow"}], "step 1 (GET /slow): no answer within 200ms"),
        ([{"url": "/hello", "expect": {"max_duration": "1us"}}], "longer than 1us"),
        ([{"url": "http://127.0.0.1:1/"}], "step 1 (GET http://127.0.0.1:1/): ConnectError"),
    ]
    for steps, said in cases:
        event = check(steps, timeout="200ms")
        assert event["payload"]["outcome"] == "failure"
        assert said in event["payload"]["exception"]


def test_cases_repeat_spread_over_the_interval() -> None:
    """Each case comes again and again, the second half an interval after the first."""

    async def test(url: str) -> None:
        cases = {name: [{"url": "/hello"}] for name in ("a", "b")}
        async with Running(build(url, cases, once=False, every="100ms"), RememberingSink()) as sink:
            await sink.until(lambda s: len(s.pushed) >= 6)
            order = [orjson.loads(line)["context"]["test_case"] for line in sink.lines]
            assert order[:2] == ["a", "b"]
            assert order[:6].count("a") == 3
            assert sink.pushed[0].source == "web-1"

    with_shop(test)


def test_settings_are_checked_in_depth() -> None:
    """A misspelt word deep inside is found at its place."""
    settings = {"modules": {"m": {"cases": {"c": {"steps": [{"url": "/", "expect": {"staus": 200}}]}}}}}
    [(path, message)] = check_settings(http_check, settings)
    assert path == ("modules", "m", "cases", "c", "steps", 0, "expect", "staus")
    assert "did you mean 'status'?" in message
