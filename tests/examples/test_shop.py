"""The example shop over real sockets: its transactions, its faults, its events and its visitors."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice, pairwise
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from examples.shop.app import build_shop
from examples.shop.endpoints import SERVED
from examples.shop.faults import Fault, FaultTable, Mode
from examples.shop.store import Refused, Shop
from examples.shop.visits import visits
from slac.testing import free_port

NOW = 1_767_225_600_000_000
LOGIN = {"user": "ann", "password": "shop"}


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve `app` on a free port; the URL."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def shop() -> Iterator[httpx.Client]:
    """A client of a running shop."""
    with serving(build_shop(now=lambda: NOW)) as url, httpx.Client(base_url=url) as client:
        yield client


def test_a_visit_from_login_to_checkout(shop: httpx.Client) -> None:
    """The multi-step transaction that a watchdog makes: the cookie carries the session from step to step."""
    assert shop.get("/health").json() == {"status": "ok"}
    assert shop.post("/login", json=LOGIN).json()["user"] == "ann"
    found = shop.get("/search", params={"q": "oak chair"}).json()
    assert found == {"count": 1, "products": ["oak-chair"]}
    assert shop.get("/product/oak-chair").json()["price"] == 900
    assert shop.post("/cart", json={"sku": "oak-chair", "quantity": 2}).json() == {"pieces": 2}
    bought = shop.post("/checkout")
    assert (bought.status_code, bought.json()["total"]) == (201, 1800)
    assert shop.post("/checkout").status_code == 409
    assert shop.post("/logout").status_code == 200
    assert shop.post("/logout").status_code == 401


def test_a_token_in_place_of_the_cookie(shop: httpx.Client) -> None:
    """A transaction without a cookie jar names its session by the bearer token."""
    token = shop.post("/login", json=LOGIN).json()["token"]
    shop.cookies.clear()
    assert shop.post("/cart", json={"sku": "oak-chair"}).status_code == 401
    bearer = {"authorization": f"Bearer {token}"}
    assert shop.post("/cart", json={"sku": "oak-chair"}, headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/login", '{"user": "ann", "password": "wrong"}', 401, "wrong user or password for 'ann'"),
        ("POST", "/login", '{"user": 7}', 400, "Expected `str`, got `int` - at `$.user`"),
        ("POST", "/login", "{", 400, "the body is no LoginForm"),
        ("GET", "/product/oak-car", "", 404, "no product 'oak-car'"),
        ("POST", "/checkout", "", 401, "log in first"),
        ("POST", "/faults", '{"endpoint": "serch", "mode": "error"}', 400, "no endpoint 'serch'; there are login,"),
        ("POST", "/faults", '{"endpoint": "search", "mode": "odd"}', 400, "Invalid enum value 'odd'"),
        ("DELETE", "/faults/serch", "", 400, "no endpoint 'serch'"),
    ],
)
def test_bad_requests_are_told_why(
    shop: httpx.Client, method: str, path: str, body: str, status: int, says: str
) -> None:
    """A request that cannot be served gets its status and a sentence."""
    response = shop.request(method, path, content=body)
    assert response.status_code == status
    assert says in response.json()["error"]


def test_an_error_fault_lasts_until_it_is_lifted(shop: httpx.Client) -> None:
    """Each request to the endpoint fails with the fault's message, no other endpoint does, and lifting ends it."""
    shop.post("/faults", json={"endpoint": "search", "mode": "error", "message": "index is gone"})
    failed = shop.get("/search?q=oak")
    assert (failed.status_code, failed.json()) == (500, {"error": "search: index is gone"})
    assert shop.get("/product/oak-chair").status_code == 200
    assert [fault["endpoint"] for fault in shop.get("/faults").json()["faults"]] == ["search"]
    assert shop.delete("/faults/search").json() == {"faults": []}
    assert shop.get("/search?q=oak").status_code == 200


def test_a_slow_fault_answers_late(shop: httpx.Client) -> None:
    """A slow endpoint runs into the time-out of whoever asks."""
    shop.post("/faults", json={"endpoint": "*", "mode": "slow", "delay_ms": 1_000})
    with pytest.raises(httpx.ReadTimeout):
        shop.get("/search?q=oak", timeout=0.05)
    shop.delete("/faults")
    assert shop.get("/search?q=oak").status_code == 200


@pytest.mark.parametrize(
    ("rate", "hit"), [(None, "0101010101"), (0.25, "0001000100"), (0.3, "0001001001"), (1.0, "1" * 10)]
)
def test_a_flaky_fault_is_counted_out(rate: float | None, hit: str) -> None:
    """Which requests a flaky endpoint fails follows from their number alone."""
    faults = FaultTable(SERVED)
    faults.switch_on(Fault("search", Mode.FLAKY, rate))
    assert "".join("1" if faults.strike("search").error else "0" for _ in hit) == hit
    assert faults.strike("cart").error is None


def test_a_fault_that_is_switched_on_again_counts_anew() -> None:
    """A new fault of an endpoint replaces the old one, with its count."""
    faults = FaultTable(SERVED)
    for _ in range(2):
        faults.switch_on(Fault("*", Mode.FLAKY, 0.5))
        assert [bool(faults.strike("search").error) for _ in range(3)] == [False, True, False]
    assert len(faults.in_force()) == 1


def test_the_oldest_session_goes_when_there_are_too_many() -> None:
    """A watchdog that never logs out does not fill the memory."""
    shop = Shop("s", sessions_kept=2)
    first, *others = [shop.login(name, "shop") for name in ("a", "b", "c")]
    assert shop.session(first.token) is None
    assert [shop.session(other.token) for other in others] == others
    with pytest.raises(Refused):
        shop.login("", "shop")


class Receiver:
    """A real receiver of NDJSON, which is busy for the first requests."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.events: list[dict[str, Any]] = []

    async def take(self, request: Request) -> Response:
        """429 while busy, then 200."""
        body = await request.body()
        self.busy -= 1
        if self.busy >= 0:
            return Response(status_code=429)
        self.events.extend(json.loads(line) for line in body.splitlines())
        return Response()

    def app(self) -> Starlette:
        """The receiver, to be served."""
        return Starlette(routes=[Route("/events", self.take, methods=["POST"])])


def test_business_events_reach_a_receiver_that_was_busy() -> None:
    """Login, search, checkout and logout become events, in order and once, also where the receiver first refuses."""
    receiver = Receiver(busy=2)
    with (
        serving(receiver.app()) as events_url,
        serving(build_shop(now=lambda: NOW, instance="web-1", events_url=f"{events_url}/events", interval=0.01)) as url,
        httpx.Client(base_url=url) as client,
    ):
        client.post("/login", json=LOGIN | {"password": "wrong"})
        client.post("/login", json=LOGIN)
        client.get("/search?q=oak")
        client.post("/cart", json={"sku": "oak-chair"})
        client.post("/faults", json={"endpoint": "checkout", "mode": "error"})
        client.post("/checkout")
        client.delete("/faults")
        client.post("/checkout")
        client.post("/logout")
        eventually(lambda: len(receiver.events) == 6)

    told = [(event["payload"]["action"], event["payload"]["ok"]) for event in receiver.events]
    assert told == [
        ("login", False),
        ("login", True),
        ("search", True),
        ("checkout", False),
        ("checkout", True),
        ("logout", True),
    ]
    assert {event["payload"]["user"] for event in receiver.events} == {"ann"}
    assert len({event["payload"]["session"] for event in receiver.events[1:]}) == 1
    assert len({event["context"]["event_id"] for event in receiver.events}) == 6
    search, bought = receiver.events[2], receiver.events[4]
    assert (search["timestamp"], search["payload"]["query"]) == (NOW // 1_000, "oak")
    assert (bought["payload"]["amount"], bought["context"]["instance"]) == (900, "web-1")


def test_events_that_wait_are_sent_when_the_shop_ends() -> None:
    """What is still queued at the end is offered once more."""
    receiver = Receiver(busy=0)
    with serving(receiver.app()) as events_url:
        with serving(build_shop(now=lambda: NOW, events_url=f"{events_url}/events", interval=3_600)) as url:
            httpx.get(f"{url}/search?q=oak")
        assert [event["payload"]["action"] for event in receiver.events] == ["search"]


def test_events_that_nobody_takes_are_told_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Without a receiver the shop serves as ever, and says in the end what was lost."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    with serving(build_shop(now=lambda: NOW, events_url=nowhere, interval=0.01)) as url:
        assert httpx.get(f"{url}/search?q=oak").status_code == 200
    assert f"1 of 1 business events were not taken by {nowhere}" in caplog.text


def test_visits_are_the_same_for_the_same_seed() -> None:
    """The plan of the visits depends on the seed and nothing else, and each user logs in first and out last."""
    steps = list(islice(visits(3, seed=7), 300))
    assert steps == list(islice(visits(3, seed=7), 300))
    assert steps != list(islice(visits(3, seed=8), 300))
    one = [step.action for step in steps if step.user == "user-0001"]
    assert one[0] == "login"
    assert all(after == "login" for before, after in pairwise(one) if before == "logout")


@pytest.mark.processes
def test_the_shop_and_its_visitors_as_programs() -> None:
    """Both start from the command line; a second shop on the same port says so; all visits of a sound shop succeed."""
    with subprocess.Popen(
        [sys.executable, "-m", "examples.shop", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout is not None
            url = program.stdout.readline().split()[-1]
            visitors = [sys.executable, "-m", "examples.shop.visitors", "--url", url]
            report = subprocess.check_output(
                [*visitors, "--rate", "200", "--users", "5", "--seconds", "0.5"], text=True
            )
            again = [sys.executable, "-m", "examples.shop", "--port", url.rsplit(":", 1)[1]]
            second = subprocess.run(again, capture_output=True, text=True, check=False)
        finally:
            program.terminate()
    counts = {outcome: int(count) for count, outcome in (line.split(maxsplit=1) for line in report.splitlines())}
    assert sum(counts.values()) == 100
    assert {outcome.split()[1] for outcome in counts} <= {"200", "201"}
    assert second.returncode == 1
    assert "Try another --port." in second.stderr
    assert "Traceback" not in second.stderr
