"""The shop itself, without HTTP: sessions, carts and orders, and what is refused."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from examples.shop.catalog import CATALOG, Product

PASSWORD = "shop"  # noqa: S105 - the one public password of every account of an example
SESSIONS_KEPT = 10_000


class Refused(Exception):
    """The shop does not do what was asked; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Session:
    """One user's visit from login to logout; `token` is secret, `number` may be published."""

    number: str
    token: str
    user: str
    cart: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a checkout made; `total` in cents."""

    number: str
    total: int


class Shop:
    """Sessions by token (beyond `sessions_kept` the oldest go), and orders; their numbers begin with `prefix`."""

    def __init__(self, prefix: str, sessions_kept: int = SESSIONS_KEPT) -> None:
        self._prefix = prefix
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._sessions_kept = sessions_kept
        self._opened = 0
        self._ordered = 0

    def login(self, user: str, password: str) -> Session:
        """Open a session; refused (401) without a name or with the wrong password."""
        if not user or password != PASSWORD:
            raise Refused(401, f"wrong user or password for '{user}'")
        self._opened += 1
        session = Session(number=f"{self._prefix}-s{self._opened}", token=secrets.token_urlsafe(16), user=user)
        self._sessions[session.token] = session
        if len(self._sessions) > self._sessions_kept:
            self._sessions.popitem(last=False)
        return session

    def session(self, token: str) -> Session | None:
        """The session that `token` opens, if it is still open."""
        return self._sessions.get(token)

    def logout(self, session: Session) -> None:
        """Close a session, with its cart."""
        self._sessions.pop(session.token, None)

    def product(self, sku: str) -> Product:
        """One product; refused (404) where there is none."""
        if sku not in CATALOG:
            raise Refused(404, f"no product '{sku}'")
        return CATALOG[sku]

    def put(self, session: Session, sku: str, quantity: int) -> int:
        """Put products into the cart; returns how many pieces it holds."""
        product = self.product(sku)
        session.cart[product.sku] = session.cart.get(product.sku, 0) + quantity
        return sum(session.cart.values())

    def checkout(self, session: Session) -> Order:
        """Order what is in the cart and empty it; refused (409) where it is empty."""
        if not session.cart:
            raise Refused(409, "the cart is empty")
        self._ordered += 1
        total = sum(CATALOG[sku].price * quantity for sku, quantity in session.cart.items())
        session.cart.clear()
        return Order(number=f"{self._prefix}-o{self._ordered}", total=total)
