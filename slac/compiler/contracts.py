"""Which shed contract holds for each node: its own, the strictest of those who read it, or that of what it reads."""

from __future__ import annotations

from typing import Final

from slac.compiler.draft import Draft
from slac.language.document import BlockDecl
from slac.language.shed_decls import ShedDecl
from slac.plan.nodes import AnyNode, SourceNode, WindowNode, is_table
from slac.plan.shedding import ShedContract, strictest

EXTREMES: Final = frozenset(("min", "max", "bool_or", "bool_and", "worst", "best"))
"""Aggregates of which a sample says nothing: one event that was dropped may have been the one."""


def contract_of(decl: ShedDecl) -> ShedContract:
    """The contract that a declaration says."""
    return ShedContract(
        mode=decl.mode,
        error=decl.error,
        confidence=decl.confidence,
        by=decl.by,
        priority=decl.priority,
        stated=decl.stated,
    )


def stated(block: BlockDecl | None) -> ShedContract | None:
    """What a block says itself."""
    decl: ShedDecl | None = getattr(block, "shed", None)
    return contract_of(decl) if decl is not None and decl.stated else None


def contracts_of(draft: Draft) -> dict[str, ShedContract]:
    """The contract of each node behind an input: of its block and readers, else of what it reads, else the default."""
    above = _from_above(draft)
    below = _from_below(draft)
    found = {}
    for node in draft.nodes:
        chosen = below.get(node.id) or above.get(node.id)
        if chosen is not None:
            found[node.id] = chosen
    return found


def _from_above(draft: Draft) -> dict[str, ShedContract]:
    """What inputs and blocks say for everything that is made of their rows."""
    found: dict[str, ShedContract] = {}
    for node in draft.nodes:
        if isinstance(node, SourceNode):
            if not is_table(node):
                found[node.id] = node.gate.contract
            continue
        own = stated(draft.blocks.get(node.block))
        reached = [found[i] for i in node.inputs if i in found]
        chosen = own if own is not None and reached else strictest(reached)
        if chosen is not None:
            found[node.id] = chosen
    return found


def _from_below(draft: Draft) -> dict[str, ShedContract]:
    """What blocks say for everything that they are made of, as far as it is computed: an input has its own word."""
    asked: dict[str, list[ShedContract]] = {}
    for node in reversed(draft.nodes):
        if isinstance(node, SourceNode):
            continue
        own = stated(draft.blocks.get(node.block))
        asked.setdefault(node.id, []).extend([own] if own is not None else [])
        chosen = strictest(asked[node.id])
        for upstream in node.inputs if chosen is not None else ():
            asked.setdefault(upstream, []).append(chosen)  # type: ignore[arg-type]
    return {node: chosen for node, several in asked.items() if (chosen := strictest(several)) is not None}


def extremes_of(node: AnyNode) -> tuple[str, ...]:
    """The aggregates of a window that a sample says nothing of, in capitals."""
    if not isinstance(node, WindowNode):
        return ()
    return tuple(dict.fromkeys(c.function.upper() for c in node.aggregates if c.function in EXTREMES))
