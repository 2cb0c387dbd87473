"""Which fields of which inputs a column is made of, and which constants it is compared with on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from slac.plan.graph import Plan
from slac.plan.lowering import columns_of
from slac.plan.nodes import (
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LatestJoinNode,
    SelectNode,
    SourceNode,
    StepsNode,
    WindowNode,
)
from slac.testing.generate.expressions import clues, expressions_of

SourceField = tuple[str, str]
"""An input and one of its fields."""

COUNTED: Final = ("", "")
"""Stands for what is no field of an input: `COUNT(*)`."""


class Lineage:
    """Answers for one plan; what was asked is remembered."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[str, str], frozenset[SourceField]] = {}

    def fields(self, node_id: str, names: Iterable[str]) -> frozenset[SourceField]:
        """The fields of inputs that columns of a node's rows are made of."""
        return frozenset[SourceField]().union(*(self._field(node_id, n) for n in names))

    def above(self, node_id: str) -> list[AnyNode]:
        """A node and all that it reads, the farthest first."""
        wanted, open_ids = {node_id}, [node_id]
        while open_ids:
            for upstream in self._plan[open_ids.pop()].inputs:
                if upstream not in wanted:
                    wanted.add(upstream)
                    open_ids.append(upstream)
        return [n for n in self._plan.nodes if n.id in wanted]

    def constants(self, node_id: str) -> dict[SourceField, list[list[Any]]]:
        """The constants that meet each field of an input on the way to a node, in the order of the way back.

        Those of one call stand together.
        """
        found: dict[SourceField, list[list[Any]]] = defaultdict(list)
        for node in reversed(self.above(node_id)):
            rows_of = node.id if isinstance(node, WindowNode) else node.inputs[0] if node.inputs else node.id
            for expr in expressions_of(node):
                for names, values in clues(expr):
                    for source in sorted(self.fields(rows_of, names)) or [COUNTED]:
                        found[source].append(values)
        return found

    def _field(self, node_id: str, name: str) -> frozenset[SourceField]:
        key = (node_id, name)
        if key not in self._known:
            self._known[key] = frozenset()
            self._known[key] = self._trace(self._plan[node_id], name)
        return self._known[key]

    def _trace(self, node: AnyNode, name: str) -> frozenset[SourceField]:
        match node:
            case SourceNode():
                known = {f.name for f in (*node.payload.fields, *node.context.fields)}
                return frozenset({(node.block, name)}) if name in known else frozenset()
            case SelectNode(columns=named) if named is not None:
                return self.fields(node.inputs[0], {c for n in named if n.name == name for c in columns_of(n.expr)})
            case WindowNode():
                return self._of_window(node, name)
            case StepsNode(steps=calls) if name in {c.name for c in calls}:
                read = {c for call in calls if call.name == name for e in call.args for c in columns_of(e)}
                return self.fields(node.inputs[0], read)
            case LatestJoinNode(alias=alias) | IntervalJoinNode(alias=alias) if name.startswith(f"{alias}."):
                return self._field(node.inputs[1], name.removeprefix(f"{alias}."))
            case AuditNode(states=states) if name not in node.keys:
                return self.fields(node.inputs[0], {c for s in states for c in columns_of(s.when)})
            case _:
                return self.fields_of_any(node, name)

    def fields_of_any(self, node: AnyNode, name: str) -> frozenset[SourceField]:
        """Of a node that passes columns on: those of all that it reads."""
        return frozenset[SourceField]().union(*(self._field(i, name) for i in node.inputs))

    def _of_window(self, node: WindowNode, name: str) -> frozenset[SourceField]:
        """A column may be made of others of the same node, of aggregates, or of what comes in."""
        call = next((c for c in node.aggregates if c.name == name), None)
        if call is not None:
            read = {c for e in (*call.args, *((call.where,) if call.where else ())) for c in columns_of(e)}
            return self.fields(node.inputs[0], read)
        made = {n.name: n.expr for n in (*node.project, *node.then)}
        if name in made:
            read = set(columns_of(made[name]))
            own = {c for c in read if c in made or c.startswith("_a")} - {name}
            return self.fields(node.id, own) | self.fields(node.inputs[0], read - own)
        return self._field(node.inputs[0], name)
