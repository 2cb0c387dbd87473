"""The aggregates of a window with all that estimates of them need beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from slac.plan.estimates.doubts import is_doubt
from slac.plan.estimates.thinned import COUNTED_ONLY, TRUE
from slac.plan.expressions import AggregateCall, Column
from slac.plan.signatures import FLOAT
from slac.stream.batch import TIME
from slac.stream.types import Timestamp

GROUP: Final = "_group~"
"""Beside all rows of a group, whatever aggregates take in."""
UNCOUNTED: Final = "_uncounted~"
"""Beside those rows that no gate has counted."""
BEGAN: Final = "_began~"
"""Beside the rows of a running window: when the first of them was, as far as that is known."""
_SPREADS: Final = frozenset(("var_pop", "var_samp", "stddev_pop", "stddev_samp"))
BESIDE: Final = frozenset(("thinned_count", "thinned_value", "thinned_spread", "thinned_quantile"))


def with_estimates(calls: Sequence[AggregateCall], counted: Sequence[str] = ()) -> tuple[AggregateCall, ...]:
    """The calls, and what is kept beside them; `counted` are names of those that gates count."""
    if has_estimates(calls):
        return tuple(calls)
    group = AggregateCall(name=GROUP, function="thinned_count", dtype=FLOAT)
    uncounted = AggregateCall(name=UNCOUNTED, function="thinned_count", options=(COUNTED_ONLY,), dtype=FLOAT)
    always = {_content(one): one for one in (group, uncounted)}
    kept: dict[_Content, AggregateCall] = {}
    for call in calls:
        for one in _beside(call, counted=_is_counted(call, counted)):
            if _content(one) not in always:
                kept.setdefault(_content(one), one)
    return (*calls, *kept.values(), *always.values())


def began() -> AggregateCall:
    """What says when the rows of a group begin."""
    dtype = Timestamp()
    return AggregateCall(name=BEGAN, function="min", args=(Column(name=TIME, dtype=dtype),), dtype=dtype)


def besides(calls: Sequence[AggregateCall], counted: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """By the name of each call those of what is kept beside it: several may share one."""
    known = {_content(one): one.name for one in calls if is_beside(one)}
    own = [one for one in calls if not is_beside(one)]
    return {c.name: tuple(known[_content(b)] for b in _beside(c, counted=_is_counted(c, counted))) for c in own}


def _is_counted(call: AggregateCall, counted: Sequence[str]) -> bool:
    return call.name in counted and not is_doubt(call)


_Content: TypeAlias = tuple[object, ...]


def _content(call: AggregateCall) -> _Content:
    """What is kept beside doubts is not shared: whoever merges them does not know what they are over."""
    return call.function, call.args, call.options, call.where, call.name if is_doubt_of(call) else ""


def is_doubt_of(call: AggregateCall) -> bool:
    """Whether it is kept beside a call that stands beside another one."""
    return any(end in call.name for end in "<>?")


def _beside(call: AggregateCall, *, counted: bool) -> Iterator[AggregateCall]:
    match call.function:
        case "count":
            yield _made(call, "thinned_count", *((COUNTED_ONLY,) if counted else ()))
        case "share":
            yield _made(call, "thinned_count", *((COUNTED_ONLY,) if counted else ()))
            yield _made(call, "thinned_count", *((COUNTED_ONLY, TRUE) if counted else (TRUE,)))
        case "sum" | "avg":
            yield _made(call, "thinned_value")
        case "quantile" | "median":
            yield replace(_made(call, "thinned_count"), name=f"{call.name}~n")
            yield _made(call, "thinned_quantile")
        case function if function in _SPREADS:
            yield _made(call, "thinned_spread")


def _made(call: AggregateCall, function: str, *options: str) -> AggregateCall:
    name = f"{call.name}~{TRUE}" if TRUE in options else f"{call.name}~"
    return AggregateCall(name=name, function=function, args=call.args, options=options, where=call.where, dtype=FLOAT)


def is_beside(call: AggregateCall) -> bool:
    """Whether a call has no value of its own."""
    return call.function in BESIDE or call.name == BEGAN


def has_estimates(calls: Sequence[AggregateCall]) -> bool:
    """Whether estimates are made of these."""
    return any(call.name == GROUP for call in calls)
