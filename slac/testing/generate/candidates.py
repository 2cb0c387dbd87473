"""What may be tried: values of fields from the constants of the document, events of them, and how many of which.

A recipe is what comes in within one window: groups of equal events, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product, zip_longest
from typing import Any, Final

from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.stream.types import AnyType, Bool, Duration, Enum, Field, Float, Int, List, Map, String, Struct, Timestamp
from slac.testing.generate.expressions import Not
from slac.testing.generate.lineage import COUNTED, Lineage, SourceField

_MOST_VALUES: Final = 18
_MOST_EVENTS: Final = 32
_MOST_PAIRS: Final = 250
_MOST_COUNT: Final = 1000
_CROWD: Final = 150
_CROWDS: Final = 16
"""So many kinds of events are tried in crowds of their own."""
_LONGEST: Final = 50

Values = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Events that are alike: an input and the values of its fields."""

    source: str
    values: Values

    def __hash__(self) -> int:
        # Values of structs, lists and maps have no hash of their own.
        return hash((self.source, repr(self.values)))

    def told_apart(self, names: Sequence[str], number: int) -> Kind:
        """The same event under another id: the last text or integer of these fields differs (`number` from 1 on)."""
        values = dict(self.values)
        name = next((n for n in reversed(names) if isinstance(values.get(n), str | int)), None)
        if name is None or isinstance(values[name], bool):
            return self
        value = values[name]
        return Kind(
            self.source,
            tuple((values | {name: value + number if isinstance(value, int) else f"{value}-{number}"}).items()),
        )


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
    sources = [n for n in lineage.above(node_id) if isinstance(n, SourceNode) and n.table is None]
    kinds = [k for s in sources for k in _kinds(s, constants)]
    numbers = _numbers_in(constants.values())
    counted = _numbers_in([constants.get(COUNTED, [])])
    pairs = _pairs(kinds)
    for kind in kinds:
        yield Recipe(((kind, 1),))
    couples = iter([Recipe(((one, 1), (other, 1))) for one, other in pairs])
    crowds = (Recipe(((kind, count),)) for count in _counts(numbers, counted) for kind in kinds[:_CROWDS])
    mixtures = (
        Recipe(tuple((k, n) for k, n in ((one, some), (other, total - some)) if n))
        for one, other in pairs
        for total, some in _splits(numbers)
    )
    # In turns: which of them a document wants is not known beforehand.
    for turn in zip_longest(couples, crowds, couples, mixtures):
        yield from (recipe for recipe in turn if recipe is not None)


def _pairs(kinds: Sequence[Kind]) -> list[tuple[Kind, Kind]]:
    """Pairs in both orders: of different inputs first, then those that differ in the fewest fields."""
    place = {id(kind): i for i, kind in enumerate(kinds)}

    def far(pair: tuple[Kind, Kind]) -> tuple[bool, int]:
        one, other = pair
        if one.source != other.source:
            return False, place[id(one)] + place[id(other)]
        return True, sum(a != b for a, b in zip(one.values, other.values, strict=True))

    ordered = sorted(combinations(kinds, 2), key=far)
    return [p for pair in ordered for p in (pair, pair[::-1])][:_MOST_PAIRS]


def _numbers_in(fields: Iterable[Sequence[Sequence[Any]]]) -> list[float]:
    return [n for groups in fields for group in groups for v in group if (n := _number(v)) is not None]


def _counts(numbers: Iterable[float], counted: Iterable[float]) -> list[int]:
    """Around every whole number; the large ones only where something is compared with a count."""
    whole = {int(n) for n in numbers if float(n).is_integer() and 0 < n <= _CROWD}
    whole |= {int(n) for n in counted if float(n).is_integer() and 0 < n <= _MOST_COUNT}
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


def _kinds(source: SourceNode, constants: Mapping[SourceField, list[list[Any]]]) -> list[Kind]:
    """The default event, then those that differ from it in one field, in two, and so on; the fields take turns."""
    fields = (*source.payload.fields, *source.context.fields)
    pools = {f.name: _pool(f, constants.get((source.block, f.name), [])) for f in fields}
    base = {name: pool[0] for name, pool in pools.items()}
    varied = [name for name, pool in pools.items() if len(pool) > 1]
    found: dict[str, Kind] = {}
    for width in range(len(varied) + 1):
        several = [product(*([(n, v) for v in pools[n][1:]] for n in names)) for names in combinations(varied, width)]
        for turn in zip_longest(*several):
            for changes in turn:
                if changes is not None:
                    kind = Kind(source.block, tuple((base | dict(changes)).items()))
                    found[repr(kind)] = kind
                if len(found) >= _MOST_EVENTS:
                    return list(found.values())
    return list(found.values())


def _pool(field: Field, groups: Sequence[Sequence[Any]]) -> list[Any]:
    """The values to try for a field, the default first."""
    values = [v for v in _values(field.dtype, groups) if v is not None]
    if field.nullable and any(None in group for group in groups):
        values.append(None)
    distinct = {repr(v): v for v in values}
    return list(distinct.values())[:_MOST_VALUES]


def _values(dtype: AnyType, groups: Sequence[Sequence[Any]]) -> list[Any]:
    match dtype:
        case Bool():
            return [True, False]
        case Enum(values=values):
            return list(values)
        case String():
            return _texts([v for group in groups for v in group])
        case Int():
            return [int(v) for v in _numbers(groups, whole=True)]
        case Float():
            return [float(v) for v in _numbers(groups, whole=False)]
        case Timestamp():
            return ["0s"]
        case Duration():
            return ["1s", *(f"{int(v)}us" for v in _numbers(groups, whole=True) if v > 0)]
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


def _numbers(groups: Sequence[Sequence[Any]], *, whole: bool) -> list[Any]:
    """Just below, at and above every constant and what follows from two that stand together: those first."""
    plain = [[n for v in group if (n := _number(v)) is not None] for group in groups]
    derived = [f for group in plain for a, b in combinations(dict.fromkeys(group), 2) for f in _arithmetic(a, b)]
    alone = [n for group in plain for n in group]
    last = next((group for group in plain if group), [])
    steps = {n: _step(n, whole=whole) for n in [*(last if len(last) == 1 else []), *derived, *alone]}
    around = [v for n, step in steps.items() for v in (n, n + step, n - step)]
    return [1, *(v for v in around if not whole or float(v).is_integer()), 0]


def _arithmetic(a: float, b: float) -> list[float]:
    """Products and quotients, of what is not nothing."""
    return [a * b, a / b, b / a] if a and b else []


def _number(value: Any) -> float | None:
    plain = value.value if isinstance(value, Not) else value
    return plain if isinstance(plain, int | float) and not isinstance(plain, bool) else None


def _step(number: float, *, whole: bool) -> float:
    return 1 if whole or abs(number) >= 1 else 0.01
