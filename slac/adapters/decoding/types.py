"""Events of several types in one input: each row's type by its condition, and whether it has what its type requires.

All of it is columns: one expression gives the type of every row, one more says whether the row complies. Only rows
that do not are looked at one by one, for the reason.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, Final

import polars as pl

from slac.adapters.decoding.aside import set_aside
from slac.adapters.decoding.result import Decoded
from slac.adapters.decoding.wire import WireSchema
from slac.plan.lowering import lower
from slac.plan.nodes import TypeSpec
from slac.stream.ports import Records

_TYPE: Final = "_slac_type"
_FINE: Final = "_slac_fine"


class TypeCheck:
    """Sets rows aside that are of none of the types, or lack a field that their type requires."""

    def __init__(self, schema: WireSchema) -> None:
        self._types = schema.types
        self._places = {field.name: ".".join(path) for field, path in schema.places()}
        self._number = _number(self._types).alias(_TYPE)
        checked = frozenset(f.name for f in schema.fields if not f.nullable)
        self._fine = _complies(self._types, checked).alias(_FINE)

    def check(self, decoded: Decoded, records: Records) -> Decoded:
        """The rows that comply, and those that do not among the quarantined."""
        typed = decoded.frame.select(self._number, pl.all()).select(_TYPE, self._fine)
        if bool(typed[_FINE].all()):
            return decoded
        numbers = iter(typed.filter(~pl.col(_FINE))[_TYPE])
        return set_aside(decoded, records, typed[_FINE], lambda row: self._reason(row, next(numbers)))

    def _reason(self, row: dict[str, Any], number: int | None) -> str:
        if number is None:
            names = ", ".join(t.type for t in self._types)
            return f"of no type: the event meets the condition of none of {names}"
        spec = self._types[number]
        lacking = next(name for name in spec.required if row[name] is None)
        return f"{self._places[lacking]}: missing (the event is of the type {spec.type})"


def _number(types: tuple[TypeSpec, ...]) -> pl.Expr:
    """The place of the first type whose condition is true; NULL where there is none."""
    chosen: pl.Expr = pl.lit(None, dtype=pl.UInt16)
    for number, spec in reversed(list(enumerate(types))):
        here = pl.lit(number, dtype=pl.UInt16)
        chosen = here if spec.when is None else pl.when(lower(spec.when)).then(here).otherwise(chosen)
    return chosen


def _complies(types: tuple[TypeSpec, ...], checked: frozenset[str]) -> pl.Expr:
    """Whether a row has a type, and every field that this type requires; of those in `checked` it is known."""
    rules = [pl.col(_TYPE).is_not_null()]
    for number, spec in enumerate(types):
        rules += [pl.col(_TYPE).ne_missing(number) | pl.col(n).is_not_null() for n in spec.required if n not in checked]
    return reduce(pl.Expr.__and__, rules)
