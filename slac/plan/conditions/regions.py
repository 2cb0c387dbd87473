"""Which rows make a condition true, as far as equalities, IN and ranges against constants tell.

A region bounds the values of terms (columns, mostly; any expression that is compared with a constant). It never leaves
out a row that belongs to it; `exact` says that it holds no other either. SQL's three values are kept apart: the rows
where a condition is true, those where it is false, and, unsaid, those where it is NULL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Final
from typing import Literal as Choice

from slac.plan.conditions.values import Domain, ValueSet, domain_of
from slac.plan.expressions import AnyExpr, Call, Cast, Column, FieldOf, Literal
from slac.stream.types import Bool

Overlap = Choice["disjoint", "overlap", "undecided"]


@dataclass(frozen=True, slots=True)
class Region:
    """Rows whose terms lie in these sets, all of them; without terms: every row. `never`: no row at all."""

    terms: Mapping[AnyExpr, ValueSet] = field(default_factory=dict)
    exact: bool = True
    never: bool = False

    @property
    def empty(self) -> bool:
        """Whether no row can lie in it."""
        return self.never or any(values.empty for values in self.terms.values())

    @property
    def everything(self) -> bool:
        """Whether every row lies in it for certain."""
        return self.exact and not self.terms and not self.never

    @property
    def column(self) -> AnyExpr | None:
        """The one plain column that alone decides, if that is how it is."""
        if not self.exact or len(self.terms) != 1:
            return None
        only = next(iter(self.terms))
        return only if isinstance(only, Column | FieldOf) else None


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a condition is true, and where it is false."""

    true: Region
    false: Region


NOWHERE: Final = Region(never=True)
_UNKNOWN: Final = Truth(Region(exact=False), Region(exact=False))
_FLIPPED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SIGNS: Final = {"=": {0}, "<>": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}
"""How the left side lies to the right one: every two values of a type, NaN too, have one order."""


def truth_of(expr: AnyExpr) -> Truth:
    """Where a boolean expression is true and where it is false."""
    match expr:
        case Literal(value=None):
            return Truth(NOWHERE, NOWHERE)
        case Literal(value=value):
            return Truth(Region(), NOWHERE) if value else Truth(NOWHERE, Region())
        case Column(dtype=Bool()) | FieldOf(dtype=Bool()):
            return _compared("=", expr, True)
        case Call(function=function, args=args):
            return _call(function, args)
        case _:
            return _UNKNOWN


def _call(function: str, args: tuple[AnyExpr, ...]) -> Truth:
    match function, args:
        case "and", _:
            return reduce(_both, map(truth_of, args))
        case "or", _:
            return _not(reduce(_both, (_not(truth_of(a)) for a in args)))
        case "not", (arg,):
            return _not(truth_of(arg))
        case "is_null", (arg,):
            return _is_null(arg)
        case "is_true", (arg,):
            return Truth(truth_of(arg).true, _UNKNOWN.false)
        case "is_false", (arg,):
            return Truth(truth_of(arg).false, _UNKNOWN.false)
        case "in", (arg, *items):
            return _in(arg, items)
        case (("=" | "<>" | "<" | "<=" | ">" | ">="), (Literal(value=value), arg)):
            return _compared(_FLIPPED[function], arg, value)
        case (("=" | "<>" | "<" | "<=" | ">" | ">="), (arg, Literal(value=value))):
            return _compared(function, arg, value)
        case _:
            return _UNKNOWN


def overlaps(first: AnyExpr, second: AnyExpr) -> Overlap:
    """Whether two conditions can be true for the same row.

    "disjoint" and "overlap" are shown: by equalities, IN and ranges, and two comparisons of the same two things; an
    overlap only over one and the same column (or because both conditions are the same). All else is "undecided".
    """
    one, other = truth_of(first).true, truth_of(second).true
    if one.empty or other.empty or _meet(one, other).empty or _exclusive(first, second):
        return "disjoint"
    if first == second or (one.column is not None and one.column == other.column):
        return "overlap"
    return "undecided"


def _exclusive(first: AnyExpr, second: AnyExpr) -> bool:
    """Whether a comparison in one says of two things what another in the other excludes: `a < b` and `a >= b`."""
    signs = [_signs(part) for part in _parts(first)]
    others = [_signs(part) for part in _parts(second)]
    return any(a == b and not (left & right) for a, left in filter(None, signs) for b, right in filter(None, others))


def _parts(expr: AnyExpr) -> tuple[AnyExpr, ...]:
    """What must be true at once."""
    match expr:
        case Call(function="and", args=args):
            return tuple(part for arg in args for part in _parts(arg))
        case _:
            return (expr,)


def _signs(expr: AnyExpr) -> tuple[tuple[AnyExpr, AnyExpr], frozenset[int]] | None:
    """Two things in an order of their own, and how they lie to each other where the comparison is true."""
    match expr:
        case Call(function=("=" | "<>" | "<" | "<=" | ">" | ">=") as function, args=(left, right)):
            swapped = repr(left) > repr(right)
            signs = frozenset(_SIGNS[_FLIPPED[function] if swapped else function])
            return ((right, left) if swapped else (left, right)), signs
        case _:
            return None


def _not(truth: Truth) -> Truth:
    return Truth(truth.false, truth.true)


def _both(a: Truth, b: Truth) -> Truth:
    return Truth(_meet(a.true, b.true), _join(a.false, b.false))


def _meet(a: Region, b: Region) -> Region:
    terms = dict(a.terms)
    for term, values in b.terms.items():
        terms[term] = terms[term].intersection(values) if term in terms else values
    return Region(terms, exact=a.exact and b.exact, never=a.never or b.never)


def _join(a: Region, b: Region) -> Region:
    """The smallest region of this form that holds both."""
    if a.empty or b.empty:
        return b if a.empty else a
    terms = {term: values.union(b.terms[term]) for term, values in a.terms.items() if term in b.terms}
    one_term = len(a.terms) == len(b.terms) == len(terms) == 1
    return Region(terms, exact=a.exact and b.exact and (one_term or a.everything or b.everything))


def _term(arg: AnyExpr) -> tuple[AnyExpr, Domain] | None:
    """What is compared, and its domain; an integer that was widened to be compared is still an integer."""
    inner = arg.arg if isinstance(arg, Cast) and str(arg.arg.dtype) == "int" and str(arg.dtype) == "float" else arg
    domain = domain_of(inner.dtype)
    return None if domain is None or isinstance(inner, Literal) else (inner, domain)


def _compared(function: str, arg: AnyExpr, value: Any) -> Truth:
    if value is None:
        return Truth(NOWHERE, NOWHERE)
    found = _term(arg)
    if found is None:
        return _UNKNOWN
    term, domain = found
    match function:
        case "=" | "<>":
            true = domain.point(value)
        case "<" | "<=":
            true = domain.below(value, closed=function == "<=")
        case _:
            true = domain.above(value, closed=function == ">=")
    truth = _split(term, domain, true)
    return _not(truth) if function == "<>" else truth


def _in(arg: AnyExpr, items: list[AnyExpr]) -> Truth:
    found = _term(arg)
    constants = [i.value for i in items if isinstance(i, Literal)]
    if found is None or len(constants) < len(items):
        return _UNKNOWN
    term, domain = found
    true = reduce(ValueSet.union, (domain.point(v) for v in constants if v is not None), ValueSet())
    truth = _split(term, domain, true)
    return Truth(truth.true, NOWHERE) if None in constants else truth


def _is_null(arg: AnyExpr) -> Truth:
    domain = domain_of(arg.dtype)
    if domain is None or isinstance(arg, Literal):
        return _UNKNOWN
    return Truth(Region({arg: ValueSet(null=True)}), Region({arg: domain.whole}))


def _split(term: AnyExpr, domain: Domain, true: ValueSet) -> Truth:
    false = ValueSet(domain.complement(true).spans)
    return Truth(Region({term: true}), Region({term: false}))
