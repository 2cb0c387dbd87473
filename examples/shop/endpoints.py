"""What the shop answers, endpoint by endpoint: plain functions from a call to an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from examples.shop.catalog import search as search_catalog
from examples.shop.store import Refused, Session, Shop

FormT = TypeVar("FormT")


class LoginForm(msgspec.Struct, frozen=True):
    """The body of `POST /login`."""

    user: str
    password: str


class CartForm(msgspec.Struct, frozen=True):
    """The body of `POST /cart`."""

    sku: str
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, as far as the shop cares; `session` is the open one that the token or cookie names."""

    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    session: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back; `session` is the one that the call opened."""

    body: dict[str, Any]
    status: int = 200
    session: Session | None = None


Endpoint: TypeAlias = Callable[[Shop, Call], Answer]


def form(form_type: type[FormT], body: bytes) -> FormT:
    """The body as a form; refused (400) with what is wrong with it."""
    try:
        return msgspec.json.decode(body, type=form_type)
    except msgspec.DecodeError as error:
        raise Refused(400, f"the body is no {form_type.__name__}: {error}") from error


def visitor(call: Call) -> Session:
    """The session of a call that needs one; refused (401) without."""
    if call.session is None:
        raise Refused(401, "log in first")
    return call.session


def login(shop: Shop, call: Call) -> Answer:
    """Module account: open a session; the token comes back, and as a cookie."""
    given = form(LoginForm, call.body)
    session = shop.login(given.user, given.password)
    return Answer(body={"token": session.token, "session": session.number, "user": session.user}, session=session)


def logout(shop: Shop, call: Call) -> Answer:
    """Module account: close the session."""
    session = visitor(call)
    shop.logout(session)
    return Answer(body={"session": session.number, "closed": True})


def search(shop: Shop, call: Call) -> Answer:
    """Module catalog: products by words; open to everybody."""
    found = search_catalog(call.query.get("q", ""))
    return Answer(body={"count": len(found), "products": [product.sku for product in found]})


def product(shop: Shop, call: Call) -> Answer:
    """Module catalog: one product."""
    found = shop.product(call.path["sku"])
    return Answer(body={"sku": found.sku, "name": found.name, "price": found.price})


def cart(shop: Shop, call: Call) -> Answer:
    """Module order: put a product into the cart."""
    session = visitor(call)
    given = form(CartForm, call.body)
    return Answer(body={"pieces": shop.put(session, given.sku, given.quantity)})


def checkout(shop: Shop, call: Call) -> Answer:
    """Module order: buy what is in the cart."""
    order = shop.checkout(visitor(call))
    return Answer(body={"order": order.number, "total": order.total}, status=201)


def health(shop: Shop, call: Call) -> Answer:
    """Whether the shop is up at all."""
    return Answer(body={"status": "ok"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where an endpoint is served, and whether its calls are business events."""

    path: str
    method: str
    answer: Endpoint
    event: bool = False


SERVED: dict[str, Served] = {
    "login": Served(path="/login", method="POST", answer=login, event=True),
    "logout": Served(path="/logout", method="POST", answer=logout, event=True),
    "search": Served(path="/search", method="GET", answer=search, event=True),
    "product": Served(path="/product/{sku}", method="GET", answer=product),
    "cart": Served(path="/cart", method="POST", answer=cart),
    "checkout": Served(path="/checkout", method="POST", answer=checkout, event=True),
    "health": Served(path="/health", method="GET", answer=health),
}
"""Every endpoint by its name; faults are switched by these names."""
