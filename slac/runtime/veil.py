"""Who among the readers of a node is given sensitive fields in clear, and what all others see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slac.plan.graph import Plan
from slac.plan.nodes import SelectNode
from slac.plan.privacy import clear_columns
from slac.stream.batch import Batch

Reader = tuple[str, int]
"""A node and its port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Veil:
    """Hides the `columns` in clear of a node from all but those of its readers that are `sighted`."""

    columns: tuple[str, ...]
    sighted: frozenset[str]

    def parted(self, readers: Iterable[Reader]) -> tuple[list[Reader], list[Reader]]:
        """Those who see, and those who do not."""
        readers = list(readers)
        return [r for r in readers if r[0] in self.sighted], [r for r in readers if r[0] not in self.sighted]

    def drawn(self, batch: Batch) -> Batch:
        """What everybody may see."""
        return Batch(batch.frame.drop(*self.columns), late=batch.late)


def veils(plan: Plan) -> dict[str, Veil]:
    """By the id of each node whose rows have columns in clear."""
    seeing = [n for n in plan.nodes if isinstance(n, SelectNode) and n.sees]
    found = ((n.id, clear_columns(n)) for n in plan.nodes)
    return {
        node_id: Veil(columns=columns, sighted=frozenset(n.id for n in seeing if node_id in n.inputs))
        for node_id, columns in found
        if columns
    }
