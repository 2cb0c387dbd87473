"""What visitors do, without doing it: an endless sequence of steps, the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from examples.shop.catalog import CATALOG
from examples.shop.store import PASSWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of one user."""

    user: str
    action: str
    method: str
    path: str
    json: dict[str, Any] | None = None


def visit(user: str, random: Random) -> Iterator[Step]:
    """One visit: log in, look around, perhaps buy, log out."""
    yield Step(user=user, action="login", method="POST", path="/login", json={"user": user, "password": PASSWORD})
    for _ in range(random.randint(1, 5)):
        product = random.choice(list(CATALOG.values()))
        word = random.choice(product.name.split())
        yield Step(user=user, action="search", method="GET", path=f"/search?q={word}")
        if random.random() < 0.5:
            yield Step(user=user, action="product", method="GET", path=f"/product/{product.sku}")
        if random.random() < 0.25:
            yield Step(user=user, action="cart", method="POST", path="/cart", json={"sku": product.sku})
            yield Step(user=user, action="checkout", method="POST", path="/checkout")
    yield Step(user=user, action="logout", method="POST", path="/logout")


def visits(users: int, seed: int) -> Iterator[Step]:
    """The steps of `users` users, mixed, without end; each user's own are in order, visit after visit."""
    order = Random(seed)
    running = [_again_and_again(f"user-{number:04}", seed) for number in range(users)]
    while True:
        yield next(order.choice(running))


def _again_and_again(user: str, seed: int) -> Iterator[Step]:
    random = Random(f"{seed}/{user}")
    while True:
        yield from visit(user, random)
