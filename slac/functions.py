"""What a module of functions of a document's own imports: the declaration of their types.

Such a module stands beside the document, which names it in `spec.functions`. Its functions take Polars expressions and
return one, and are called in SQL by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

__all__ = ["DECLARED", "Declared", "function"]

Made = TypeVar("Made", bound=Callable[..., object])

DECLARED: Final = "__slac_function__"
"""The attribute by which a declared function is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The types that a function declares, as written: of its arguments in order, and of its result."""

    takes: tuple[str, ...]
    returns: str


def function(*takes: str, returns: str) -> Callable[[Made], Made]:
    """Declare what a function of a document takes and returns.

    Types are `bool`, `int`, `float`, `string`, `timestamp` and `duration`. An argument of type `float?` may be NULL;
    where one without the question mark is NULL, so is the result. A result of type `float?` may always be NULL.
    Nothing is checked here: what is wrong is told when the document is compiled.
    """

    def declare(made: Made) -> Made:
        setattr(made, DECLARED, Declared(takes=tuple(map(str, takes)), returns=str(returns)))
        return made

    return declare
