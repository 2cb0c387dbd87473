"""Other loads than those that a document declares: `rate=2x,keys.user=1000,instances.edge=5`, put into its plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from slac.diagnostics import UsageError, listed, suggest
from slac.language.durations import parse_duration
from slac.language.rates import parse_rate
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, RateSpec, SourceNode
from slac.shedding.capacity.rim import ASSUMED_RATE

__all__ = ["WORDS", "Supposed", "suppose"]

WORDS: Final = ("rate", "burst", "keys", "skew", "passes", "instances", "lateness")
"""What can be supposed; `.NAME` behind it says of which input, columns (joined by +), block or node."""
_TIMES: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*[x×]")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SHARE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A plan with other declarations, and how many runtimes play each node; `text` is what was asked."""

    text: str
    plan: Plan
    instances: Mapping[str, int] = field(default_factory=dict)


def suppose(plan: Plan, text: str) -> Supposed:
    """What `text` says in place of what the document does; UsageError for a word, a name or a value it cannot be."""
    made = Supposed(text=text, plan=plan)
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, value = (x.strip() for x in part.partition("="))
        word, _, of = name.partition(".")
        if word not in WORDS or not equals or not value:
            raise UsageError(
                f'--what-if does not know "{part}"; {suggest(word, WORDS)} '
                f"write it like rate=2x, keys.user=1000 or instances=4 (words: {', '.join(WORDS)})"
            )
        made = _APPLY[word](made, of, value)
    return made


def _rate(made: Supposed, of: str, value: str) -> Supposed:
    def change(rate: RateSpec) -> RateSpec:
        normal = _amount(value, rate.normal, _per_second)
        scale = normal / rate.normal
        return msgspec.structs.replace(rate, normal=normal, burst=None if rate.burst is None else rate.burst * scale)

    return _of_inputs(made, of, change)


def _burst(made: Supposed, of: str, value: str) -> Supposed:
    def change(rate: RateSpec) -> RateSpec:
        lasts = rate.burst_for or 30_000_000
        return msgspec.structs.replace(
            rate, burst=_amount(value, rate.burst or rate.normal, _per_second), burst_for=lasts
        )

    return _of_inputs(made, of, change)


def _keys(made: Supposed, of: str, value: str) -> Supposed:
    return _of_columns(made, of, lambda old: max(round(_amount(value, float(old), _number)), 1))


def _skew(made: Supposed, of: str, value: str) -> Supposed:
    if not of:
        raise UsageError("--what-if: say of which columns: skew.user=1.1, or skew.user+service=1.1")
    columns = ", ".join(of.split("+"))

    def change(rate: RateSpec) -> RateSpec:
        skew = _amount(value, rate.skew.get(columns, 1.0), _number)
        return msgspec.structs.replace(rate, skew={**rate.skew, columns: skew})

    return _of_inputs(made, "", change)


def _passes(made: Supposed, of: str, value: str) -> Supposed:
    blocks = {n.block for n in made.plan.nodes}
    if of not in blocks:
        raise UsageError(f'--what-if: no block is called "{of}"; {_hint(of, blocks)}')
    return _of_inputs(made, "", lambda r: msgspec.structs.replace(r, passes={**r.passes, of: _share(value)}))


def _instances(made: Supposed, of: str, value: str) -> Supposed:
    names = [p.name for p in made.plan.data.placements]
    if of and of not in names:
        raise UsageError(f'--what-if: no node is called "{of}"; {_hint(of, names)}')
    if not value.isdigit() or int(value) < 1:
        raise UsageError(f'--what-if: "{value}" is not a number of instances')
    readers = {n.node for n in made.plan.nodes if isinstance(n, SourceNode)}
    given = {name: int(value) for name in ([of] if of else names) if of or name in readers}
    return Supposed(text=made.text, plan=made.plan, instances={**made.instances, **given})


def _lateness(made: Supposed, of: str, value: str) -> Supposed:
    try:
        lateness = parse_duration(value)
    except ValueError as error:
        raise UsageError(f"--what-if: {error}") from error
    return _of_sources(made, of, lambda n: msgspec.structs.replace(n, lateness=lateness))


_APPLY: Final[Mapping[str, Callable[[Supposed, str, str], Supposed]]] = {
    "rate": _rate,
    "burst": _burst,
    "keys": _keys,
    "skew": _skew,
    "passes": _passes,
    "instances": _instances,
    "lateness": _lateness,
}


def _hint(name: str, known: Iterable[str]) -> str:
    every = list(known)
    return suggest(name, every) or f"there are: {listed(every)}"


def _of_inputs(made: Supposed, of: str, change: Callable[[RateSpec], RateSpec]) -> Supposed:
    def changed(node: SourceNode) -> SourceNode:
        return msgspec.structs.replace(node, rate=change(node.rate or RateSpec(normal=ASSUMED_RATE)))

    return _of_sources(made, of, changed)


def _of_sources(made: Supposed, of: str, change: Callable[[SourceNode], SourceNode]) -> Supposed:
    inputs = [n.block for n in made.plan.nodes if isinstance(n, SourceNode) and n.table is None]
    if of and of not in inputs:
        raise UsageError(f'--what-if: no input is called "{of}"; {_hint(of, inputs)}')

    def node(n: AnyNode) -> AnyNode:
        return change(n) if isinstance(n, SourceNode) and n.block in ([of] if of else inputs) and n.table is None else n

    data = msgspec.structs.replace(made.plan.data, nodes=tuple(map(node, made.plan.nodes)))
    return Supposed(text=made.text, plan=Plan(data), instances=made.instances)


def _of_columns(made: Supposed, of: str, change: Callable[[int], int]) -> Supposed:
    """Other numbers of keys: of those columns, or of all that are declared."""
    columns = ", ".join(of.split("+"))
    sources = [n for n in made.plan.nodes if isinstance(n, SourceNode) and n.table is None]
    names = dict.fromkeys(name for n in sources for name in n.schema.names)
    for column in of.split("+") if of else ():
        if column not in names:
            raise UsageError(f'--what-if: no input has a column "{column}"; {_hint(column, names)}')

    def changed(rate: RateSpec) -> RateSpec:
        told = {columns: change(rate.keys.get(columns, 1_000))} if of else {c: change(n) for c, n in rate.keys.items()}
        return msgspec.structs.replace(rate, keys={**rate.keys, **told})

    return _of_inputs(made, "", changed)


def _amount(value: str, before: float, read: Callable[[str], float]) -> float:
    """`2x` of what was there before, or a value of its own."""
    times = _TIMES.fullmatch(value)
    amount = before * float(times[1]) if times else read(value)
    if amount <= 0:
        raise UsageError(f'--what-if: "{value}" is nothing')
    return amount


def _per_second(value: str) -> float:
    try:
        return parse_rate(value).per_second
    except ValueError as error:
        raise UsageError(f"--what-if: {error}, or as a multiple: 2x") from error


def _number(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise UsageError(f'--what-if: "{value}" is not a number; write it like 1000, or as a multiple: 2x')
    return float(value)


def _share(value: str) -> float:
    found = _SHARE.fullmatch(value)
    if found is None or not 0 < float(found[1]) <= 100:
        raise UsageError(f'--what-if: "{value}" is not a share; write it like 2%')
    return float(found[1]) / 100
