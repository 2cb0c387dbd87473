"""What the shop sells: a fixed list of products, and the search over it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A thing on sale; `price` in cents."""

    sku: str
    name: str
    price: int


_MATERIALS = ("oak", "steel", "linen", "glass", "clay", "wool")
_THINGS = ("chair", "table", "lamp", "bowl", "shelf", "clock", "blanket", "mirror")

CATALOG: dict[str, Product] = {
    f"{material}-{thing}": Product(sku=f"{material}-{thing}", name=f"{material} {thing}", price=900 + 350 * i + 475 * j)
    for i, material in enumerate(_MATERIALS)
    for j, thing in enumerate(_THINGS)
}
"""Every product by its `sku`."""


def search(query: str) -> list[Product]:
    """The products whose names hold every word of `query`; none for an empty query."""
    words = query.casefold().split()
    return [product for product in CATALOG.values() if words and all(word in product.name for word in words)]
