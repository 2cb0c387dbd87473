"""What may be tried: values of fields from the constants of the document, events of them, and how many of which.

A recipe is what comes in within one window: groups of equal events, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Any, Final

from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.stream.types import AnyType, Bool, Duration, Enum, Field, Float, Int, List, Map, String, Struct, Timestamp
from slac.testing.generate.expressions import Not
from slac.testing.generate.lineage import Lineage, SourceField

_MOST_VALUES: Final = 14
_MOST_EVENTS: Final = 32
_MOST_PAIRS: Final = 250
_MOST_COUNT: Final = 1000
_CROWDS: Final = 8
"""So many kinds of events are tried in crowds of their own."""
_LONGEST: Final = 50

Values = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Events that are alike: an input and the values of its fields."""

    source: str
    values: Values


@dataclass(frozen=True, slots=True)
class Recipe:
    """How many of which, in order."""

    groups: tuple[tuple[Kind, int], ...]

    @property
    def size(self) -> int:
        """How many events."""
        return sum(n for _, n in self.groups)


def recipes(plan: Plan, lineage: Lineage, node_id: str) -> Iterator[Recipe]:
    """What may be tried to make rows of a node, the simplest first."""
    constants = lineage.constants(node_id)
    sources = [n for n in lineage.above(node_id) if isinstance(n, SourceNode)]
    kinds = [k for s in sources for k in _kinds(s, constants)]
    numbers = [n for values in constants.values() for v in values if (n := _number(v)) is not None]
    pairs = _pairs(kinds)
    for kind in kinds:
        yield Recipe(((kind, 1),))
    for one, other in pairs:
        yield Recipe(((one, 1), (other, 1)))
    for count in _counts(numbers):
        for kind in kinds[:_CROWDS]:
            yield Recipe(((kind, count),))
    for one, other in pairs:
        for total, some in _splits(numbers):
            yield Recipe(tuple((k, n) for k, n in ((one, some), (other, total - some)) if n))


def _pairs(kinds: Sequence[Kind]) -> list[tuple[Kind, Kind]]:
    """Pairs in both orders: of different inputs first, then those that differ in the fewest fields."""

    def far(pair: tuple[Kind, Kind]) -> int:
        one, other = pair
        return -1 if one.source != other.source else sum(a != b for a, b in zip(one.values, other.values, strict=True))

    ordered = sorted(combinations(kinds, 2), key=far)
    return [p for pair in ordered for p in (pair, pair[::-1])][:_MOST_PAIRS]


def _counts(numbers: Iterable[Any]) -> list[int]:
    """Around every whole number."""
    whole = {int(n) for n in numbers if float(n).is_integer() and 0 < n <= _MOST_COUNT}
    return sorted({c for n in whole for c in (n - 1, n, n + 1) if c > 1})


def _splits(numbers: Iterable[Any]) -> list[tuple[int, int]]:
    """Totals and parts of them that lie around every share: 19, 18 and 20 of 20 for 0.95."""
    shares = {Fraction(str(n)).limit_denominator(_MOST_COUNT) for n in numbers if 0 < n < 1}
    shares |= {Fraction(str(n)).limit_denominator(_MOST_COUNT) / 100 for n in numbers if 1 < n < 100}
    found: dict[tuple[int, int], None] = {}
    for share in sorted(shares, key=lambda s: (s.denominator, s)):
        total = share.denominator
        if total <= _MOST_COUNT:
            for some in (share.numerator, share.numerator - 1, share.numerator + 1):
                if 0 <= some <= total:
                    found[total, some] = None
    return list(found)


def _kinds(source: SourceNode, constants: Mapping[SourceField, list[Any]]) -> list[Kind]:
    """The default event, then those that differ from it in one field, in two, and so on."""
    fields = (*source.payload.fields, *source.context.fields)
    pools = {f.name: _pool(f, constants.get((source.block, f.name), [])) for f in fields}
    base = {name: pool[0] for name, pool in pools.items()}
    varied = [name for name, pool in pools.items() if len(pool) > 1]
    found: dict[str, Kind] = {}
    for width in range(len(varied) + 1):
        for names in combinations(varied, width):
            for values in product(*(pools[n][1:] for n in names)):
                kind = Kind(source.block, tuple((base | dict(zip(names, values, strict=True))).items()))
                found[repr(kind)] = kind
                if len(found) >= _MOST_EVENTS:
                    return list(found.values())
    return list(found.values())


def _pool(field: Field, constants: Sequence[Any]) -> list[Any]:
    """The values to try for a field, the default first."""
    values = [v for v in _values(field.dtype, constants) if v is not None]
    if field.nullable and None in constants:
        values.append(None)
    distinct = {repr(v): v for v in values}
    return list(distinct.values())[:_MOST_VALUES]


def _values(dtype: AnyType, constants: Sequence[Any]) -> list[Any]:
    match dtype:
        case Bool():
            return [True, False]
        case Enum(values=values):
            return list(values)
        case String():
            return _texts(constants)
        case Int():
            return [int(v) for v in _numbers(constants, whole=True)]
        case Float():
            return [float(v) for v in _numbers(constants, whole=False)]
        case Timestamp():
            return ["0s"]
        case Duration():
            return ["1s", *(f"{int(v)}us" for v in _numbers(constants, whole=True) if v > 0)]
        case Struct(fields=fields):
            return [{f.name: _values(f.dtype, ())[0] for f in fields}]
        case List(item=item):
            return [[_values(item, ())[0]]]
        case Map():
            return [{}]
        case _:
            return [None]


def _texts(constants: Sequence[Any]) -> list[str]:
    avoided = [v.value for v in constants if isinstance(v, Not) and isinstance(v.value, str)]
    texts = [v for v in constants if isinstance(v, str)]
    plain = [re.sub(r"[%^$\\.*+?()\[\]{}|]", "", t).replace("_", " ") for t in texts if re.search(r"[%^$\\*+?|]", t)]
    lengths = [int(v) for v in constants if isinstance(v, int | float) and 0 < v < _LONGEST]
    sized = ["a" * n for length in lengths for n in (length - 1, length, length + 1)]
    other = next(w for w in ("a", "other", "another", "one more") if w not in (*texts, *avoided))
    return [*texts, *plain, other, *avoided, *sized, *(t.upper() for t in (other, *sized))]


def _numbers(constants: Sequence[Any], *, whole: bool) -> list[Any]:
    """Just below, at and above every constant, and what follows from two of them."""
    given = [n for v in constants if (n := _number(v)) is not None]
    derived = [f for a, b in combinations(dict.fromkeys(given), 2) for f in _arithmetic(a, b)]
    steps = {n: _step(n, whole=whole) for n in [*given, *derived]}
    around = [v for n, step in steps.items() for v in (n, n + step, n - step)]
    return [1, *(v for v in around if not whole or float(v).is_integer()), 0]


def _arithmetic(a: float, b: float) -> list[float]:
    return [a * b, a + b, a - b, *([a / b] if b else []), *([b / a] if a else [])]


def _number(value: Any) -> float | None:
    plain = value.value if isinstance(value, Not) else value
    return plain if isinstance(plain, int | float) and not isinstance(plain, bool) else None


def _step(number: float, *, whole: bool) -> float:
    return 1 if whole or abs(number) >= 1 else 0.01
