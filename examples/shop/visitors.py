"""`python -m examples.shop.visitors`: real requests against a shop at a steady rate, for a stated time."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from itertools import islice

import click
import httpx

from examples.shop.visits import Step, visits

IN_FLIGHT = 64
"""Requests that are answered at the same time at most; a shop that is slower than that slows its visitors down."""


class Visitors:
    """Users with a client (so with cookies) each; the requests of one user follow each other."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=IN_FLIGHT))
        self.outcomes: Counter[str] = Counter()

    async def run(self, steps: Iterable[Step], rate: float) -> None:
        """Take `rate` steps a second; one that is overdue goes at once."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with self._transport, asyncio.TaskGroup() as group:
            for number, step in enumerate(steps):
                await asyncio.sleep(max(0.0, start + number / rate - loop.time()))
                await self._places.acquire()
                group.create_task(self._take(step))

    async def _take(self, step: Step) -> None:
        try:
            async with self._turns.setdefault(step.user, asyncio.Lock()):
                self.outcomes[await self._outcome(step)] += 1
        finally:
            self._places.release()

    async def _outcome(self, step: Step) -> str:
        try:
            response = await self._client(step.user).request(step.method, step.path, json=step.json)
        except httpx.HTTPError as error:
            return f"{step.action} {type(error).__name__}"
        return f"{step.action} {response.status_code}"

    def _client(self, user: str) -> httpx.AsyncClient:
        if user not in self._clients:
            self._clients[user] = httpx.AsyncClient(base_url=self._url, transport=self._transport, trust_env=False)
        return self._clients[user]


@click.command()
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The shop.")
@click.option("--rate", default=20.0, show_default=True, type=click.FloatRange(0.1, 5000), help="Requests a second.")
@click.option("--users", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many users visit.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.1, 86_400), help="For how long.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other visits; the same seed, the same.")
def main(url: str, rate: float, users: int, seconds: float, seed: int) -> None:
    """Visit a shop, and tell how its answers came out."""
    visitors = Visitors(url)
    steps = islice(visits(users, seed), max(1, round(rate * seconds)))
    asyncio.run(visitors.run(steps, rate))
    for outcome, count in sorted(visitors.outcomes.items()):
        click.echo(f"{count:8} {outcome}")


if __name__ == "__main__":
    main()
