"""From all wishes to the gate of each input: strata, groups and panes, keys, needs, and what is told of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slac.compiler.gates.keys import Keyed
from slac.compiler.gates.wishes import MINUTE, Wish
from slac.plan.expression_text import to_text
from slac.plan.expressions import AnyExpr, Call, Literal
from slac.plan.nodes import SourceNode
from slac.plan.shedding import MOST_STRATA, GateNeed, GateSpec, ShedContract, Stratum, strictest

SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """The gate of an input, and by node the aggregates that its own counts answer."""

    spec: GateSpec
    counted: Mapping[str, tuple[str, ...]]


def assemble(
    source: SourceNode,
    wishes: Sequence[Wish],
    keyed: Keyed | None,
    contract: ShedContract,
    *,
    disk: int,
    lag: int | None,
) -> Gated:
    """The gate of `source`, of which all `wishes` are; `contract` is what the input and its extremes ask."""
    strict = strictest((contract, *(w.contract for w in wishes))) or contract
    if strict.mode == "never":
        return Gated(spec=GateSpec(contract=strict, disk=disk), counted={})
    conditions = _conditions(wishes)
    numbers = {c: n for n, c in enumerate(conditions)}
    # What samplers have dropped before, no gate can count.
    whole = source.sampled is None
    counted = [w for w in wishes if whole and w.exact and all(c in numbers for c in w.conditions)]
    told = [*counted, *(w for w in wishes if w.contract.mode == "subset" and w.groups is not None and w.every)]
    panes = [w.every for w in told if w.every]
    silences = [w.window for w in counted if w.silence]
    spec = GateSpec(
        contract=strict,
        strata=tuple(Stratum(when=c, sql=to_text(c)) for c in conditions),
        needs=tuple(dict.fromkeys(_need(w, numbers, counted) for w in wishes)),
        groups=tuple(sorted({g for w in told for g in w.groups or ()})) if told else None,
        pane=_parted(math.gcd(*panes) if panes else MINUTE, min(silences, default=0) // 2),
        latest=bool(silences),
        key=keyed.columns if keyed is not None else (),
        trace=keyed.trace if keyed is not None else False,
        explicit=keyed.explicit if keyed is not None else False,
        shared=keyed.shared if keyed is not None else "",
        windows=_left_out(wishes),
        patience=max(_patience(source, wishes), SECOND),
        lag=lag,
    )
    return Gated(spec=spec, counted=_names(counted))


def _parted(pane: int, longest: int) -> int:
    """The pane, or where it is longer than half of a silence (0: of none), the largest part of it that is not."""
    parts = 1 if longest <= 0 else -(-pane // longest)
    while pane % parts:
        parts += 1
    return pane // parts


def _conditions(wishes: Sequence[Wish]) -> tuple[AnyExpr, ...]:
    """The conditions by which events are told apart: those of single events and of counts first."""
    ordered = sorted(wishes, key=lambda w: (not w.keep, not w.exact))
    several = [*(c for w in ordered for c in w.conditions), *(c for w in ordered for c in w.told_apart)]
    return tuple(dict.fromkeys(c for c in several if not isinstance(c, Literal)))[:MOST_STRATA]


def _need(wish: Wish, numbers: Mapping[AnyExpr, int], counted: Sequence[Wish]) -> GateNeed:
    return GateNeed(
        block=wish.block,
        contract=wish.contract,
        reads=tuple(sorted({numbers[c] for c in wish.conditions if c in numbers})),
        groups=wish.groups or (),
        window=wish.window,
        value=wish.value,
        exact=wish in counted,
        keep=wish.keep and all(c in numbers for c in wish.conditions),
    )


def _names(counted: Sequence[Wish]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for wish in counted:
        found.setdefault(wish.node, {})[wish.call] = None
    return {node: tuple(names) for node, names in found.items()}


def _left_out(wishes: Sequence[Wish]) -> tuple[int, int] | None:
    """The windows that a subset leaves out: the longest, of which all others are parts."""
    several = [w for w in wishes if w.contract.mode == "subset" and w.contract.by == "windows" and w.aligned]
    longest = max(several, key=lambda w: w.window, default=None)
    return None if longest is None else (longest.window, longest.every)


def _patience(source: SourceNode, wishes: Sequence[Wish]) -> int:
    """How long it usually takes from an event to what is said of it, by what is told soonest.

    Half of a hop on average, until the window ends, and the lateness that its input may have; or what is waited for.
    """
    return source.lateness + min((max(w.every // 2, w.wait) for w in wishes), default=0)


def asked_of(expr: AnyExpr, strata: Sequence[Stratum]) -> bool:
    """Whether a gate knows the answer of a condition: it is a stratum, or made of strata."""
    if any(expr == s.when for s in strata):
        return True
    return (
        isinstance(expr, Call) and expr.function in ("and", "or", "not") and all(asked_of(a, strata) for a in expr.args)
    )


def reasons(wishes: Sequence[Wish]) -> Iterator[str]:
    """The blocks that need every event, in the order of the plan."""
    return iter(dict.fromkeys(w.block for w in wishes if w.contract.mode == "never"))
