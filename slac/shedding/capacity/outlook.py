"""What becomes of a load that does not fit: how long a burst waits, what contracts would give, what would hold it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from statistics import NormalDist
from typing import Final

from msgspec.structs import replace

from slac.plan.graph import Placement, Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, SourceNode
from slac.plan.shedding import GateNeed, GateSpec, contract_text
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.report import Backlog, Growth, Prospect
from slac.shedding.capacity.rim import source_rate
from slac.shedding.capacity.walk import Walked
from slac.stream.clock import SECOND

__all__ = ["backlog", "growths", "prospects"]

LOADS: Final = (1.5, 2.0, 5.0, 10.0)
"""Times the normal rate at which it is asked what shedding would do, and what would hold it."""
SPREAD: Final = 1.0
"""σ²/μ² of values of which nothing is known: that of an exponential distribution."""
MOST_INSTANCES: Final = 4_096

Fits = Callable[[Placement, Scene], bool]
Admits = Callable[[str, float, float], tuple[float, bool]]
"""By node, load and what it holds (× the normal rate), the share of what comes in there that its gates let pass.

And whether the rest waits with its senders.
"""


def backlog(plan: Plan, placement: str, factor: float | None) -> Backlog | None:
    """What the longest burst of the inputs of a runtime heaps up, where it holds `factor` times its normal rate.

    None where no input there declares one. T·(λ_b − μ) waits at its end, and is gone after that over (μ − λ).
    """
    sources = [n for n in plan.nodes if isinstance(n, SourceNode) and n.node == placement and n.table is None]
    bursts = [n for n in sources if n.rate is not None and n.rate.burst is not None]
    if not bursts:
        return None
    normal = sum(source_rate(n, Scene()) for n in sources)
    burst = sum(source_rate(n, Scene(burst=True)) for n in sources)
    lasts = max(n.rate.burst_for or 0 for n in bursts if n.rate is not None) / SECOND
    holds = math.inf if factor is None else factor * normal
    rows = lasts * max(burst - holds, 0.0)
    if not rows:
        return Backlog(lasts=lasts, rows=0.0, delay=0.0, drains=0.0)
    spare = holds - normal
    return Backlog(
        lasts=lasts,
        rows=rows,
        delay=rows / holds if holds else None,
        drains=rows / spare if spare > 0 else None,
    )


def prospects(plan: Plan, walked: Walked, factors: Mapping[str, float | None], admits: Admits) -> tuple[Prospect, ...]:
    """What each shed contract would give above the normal rate, to the column of a block that is worst off.

    `factors`: what each runtime holds, of its own, while nothing is dropped.
    """
    found: list[Prospect] = []
    for source in plan.nodes:
        if isinstance(source, SourceNode) and source.table is None and not source.can_wait:
            held = factors.get(source.node)
            for needs in _by_contract(source.gate, source.block):
                for load in LOADS:
                    fits = held is None or held >= load
                    is_delayed = needs[0].contract.mode == "never"
                    admitted, waits = 1.0 if fits or held is None else held / load, False
                    if held and not fits and not is_delayed:
                        admitted, waits = admits(source.node, load, held)
                    each = (_prospect(source, need, walked, load, admitted, waits=waits) for need in needs)
                    found.append(max(each, key=lambda p: (not p.holds, p.error)))
    return tuple(found)


def growths(plan: Plan, fits: Fits) -> tuple[Growth, ...]:
    """How many instances of each node that reads inputs would hold the load, and in how many levels they send it on."""
    return tuple(_growth(plan, fits, load) for load in (1.0, *LOADS))


def _by_contract(gate: GateSpec, block: str) -> Iterator[list[GateNeed]]:
    """What each block needs, one list for each of its contracts; an input that is `never` is a need of its own."""
    needs = gate.needs
    if not needs and gate.contract.mode == "never":
        needs = (GateNeed(block=block, contract=gate.contract),)
    found: dict[tuple[str, str], list[GateNeed]] = {}
    for need in needs:
        found.setdefault((need.block, contract_text(need.contract)), []).append(need)
    yield from found.values()


def _prospect(
    source: SourceNode, need: GateNeed, walked: Walked, load: float, admitted: float, *, waits: bool
) -> Prospect:
    flow = walked.loads[source.id].flow
    groups, _ = flow.keys.count(need.groups) if need.groups else (1, True)
    rows = load * flow.rate * max(need.window, SECOND) / SECOND
    # A group that is told has a row at least: of those that are declared no more can be there.
    events = rows / max(min(groups, rows), 1.0)
    contract = need.contract
    made = Prospect(
        block=need.block,
        input=source.block,
        contract=contract_text(contract),
        load=load,
        admitted=admitted,
        confidence=contract.confidence,
        error=0.0,
        bound=0.0,
        holds=True,
    )
    if waits and contract.mode != "never":
        return replace(made, waits=True)
    match contract.mode:
        case "never":
            over = load * flow.rate * (1.0 - admitted) * flow.row_bytes
            full = source.gate.disk / over if over and source.gate.disk else None
            return replace(made, admitted=1.0, holds=full is None, disk_lasts=full)
        case "subset":
            return replace(made, evaluated=admitted)
    if need.exact or admitted >= 1.0:
        return made
    error, bound = errors(admitted, events, valued=need.value is not None, confidence=contract.confidence)
    holds = contract.error is None or error <= contract.error
    return replace(made, error=error, bound=bound, holds=holds)


def errors(admitted: float, events: float, *, valued: bool, confidence: float) -> tuple[float, float]:
    """The relative error of a sum or count over `events` of which a share is admitted: expected, and guaranteed.

    Expected: z·√((1 + σ²/μ²)·(1 − p)/(p·N)), that of Horvitz and Thompson's estimator; guaranteed, by Hoeffding:
    √((1 + σ²/μ²)·ln(2/δ)/(2N))/p (Babcock, Datar and Motwani, ICDE 2004).
    """
    if admitted <= 0.0 or events <= 0.0:
        return math.inf, math.inf
    spread = 1.0 + (SPREAD if valued else 0.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    expected = z * math.sqrt(spread * (1.0 - admitted) / (admitted * events))
    guaranteed = math.sqrt(spread * math.log(2.0 / (1.0 - confidence)) / (2.0 * events)) / admitted
    return expected, guaranteed


def _growth(plan: Plan, fits: Fits, load: float) -> Growth:
    instances: dict[str, int] = {}
    readers = {n.node for n in plan.nodes if isinstance(n, SourceNode)}
    for placement in plan.data.placements:
        if placement.name in readers:
            many = _smallest(lambda k, p=placement: fits(p, Scene(factor=load / k)))  # type: ignore[misc]
            instances[placement.name] = many or 0
    levels = 1
    for placement in plan.data.placements:
        if placement.name in readers or not all(instances.values()):
            continue
        origins = {n.origin for n in plan.nodes if isinstance(n, LinkInNode) and n.node == placement.name}
        behind = {o: instances.get(o, 1) for o in origins}
        share = load / max([1, *behind.values()])
        if fits(placement, Scene(factor=share, instances=behind)):
            continue
        levels = max(levels, _levels(plan, placement, fits, share, behind))
    return Growth(load=load, instances=instances, levels=levels if all(instances.values()) else None)


def _levels(plan: Plan, placement: Placement, fits: Fits, share: float, behind: Mapping[str, int]) -> int:
    """Levels of merging that leave the last runtime few enough senders; 0 where even two are too many for it."""
    if not any(isinstance(n, LinkOutNode) and n.to == placement.name for n in plan.nodes):
        return 0
    most = max(
        (k for k in _powers() if fits(placement, Scene(factor=share, instances=dict.fromkeys(behind, k)))), default=0
    )
    return math.ceil(math.log(max(behind.values()), most) - 1e-9) if most > 1 else 0


def _smallest(fits: Callable[[int], bool]) -> int | None:
    """The fewest instances that fit; None where no number does."""
    high = next((k for k in _powers() if fits(k)), None)
    if high is None:
        return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _powers() -> Iterator[int]:
    return (1 << n for n in range(MOST_INSTANCES.bit_length()))
