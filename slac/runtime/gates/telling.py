"""What links tell of the gates behind them: of this runtime, and of those that send to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import networkx as nx

from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode, SourceNode, is_table
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.sieve import Sieve
from slac.runtime.gates.told import Told, to_text, together


def told_before(
    plan: Plan, sieves: Mapping[str, Sieve], links: Mapping[str, Elsewhere]
) -> dict[str, Callable[[], str]]:
    """By sending link that stands behind gates, what they have dropped, as text (`slac.runtime.gates.told`)."""
    here = {n.id: n for n in plan.nodes}
    found: dict[str, Callable[[], str]] = {}
    for node in plan.nodes:
        if isinstance(node, LinkOutNode):
            above = [here[i] for i in sorted(nx.ancestors(plan.graph, node.id) & here.keys())]
            own = {n.block: sieves[n.block] for n in above if isinstance(n, SourceNode) and not is_table(n)}
            others = [links[n.id] for n in above if n.id in links]
            if own or others:
                found[node.id] = _telling(own, others)
    return found


def _telling(own: Mapping[str, Sieve], others: Sequence[Elsewhere]) -> Callable[[], str]:
    def tell() -> str:
        several = {name: [sieve.told()] for name, sieve in own.items() if sieve.has_dropped}
        for other in others:
            for name, one in other.told().items():
                several.setdefault(name, list[Told]()).append(one)
        return to_text({name: together(each) for name, each in several.items()})

    return tell
