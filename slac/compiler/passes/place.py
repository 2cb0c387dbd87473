"""Every block gets a node, as `placement` says.

Before: `edge: {blocks: [watchdog]}`, `central: {blocks: ["*"]}`. After: `watchdog` runs on edge, all else on central.
Without `placement` everything runs on one node called `all`. With `blocks: [auto]` the compiler chooses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from slac.compiler.draft import Draft, Found
from slac.compiler.passes.ways import way
from slac.diagnostics import Diagnostic, Related, listed, suggest
from slac.language.document import BudgetDecl, PlacementDecl
from slac.language.terms import Ref
from slac.plan.graph import Budget, Default, Placement

AUTO = "auto"
"""Stands for what the compiler chooses to put there."""

REST = "*"
"""Stands for all blocks that are not placed elsewhere."""

ALL = "all"
"""The only node of a document that is not distributed."""

_EVERYWHERE: Final = re.compile(r"//(\*|0\.0\.0\.0|\[?::\]?):")


@dataclass(slots=True)
class _Placed:
    """Where blocks have been put so far: each by its name, several by what their names begin with."""

    homes: dict[str, tuple[str, Ref]] = field(default_factory=dict)
    several: dict[str, tuple[str, Ref]] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    auto: dict[str, Ref] = field(default_factory=dict)
    """The nodes on which the compiler may put what is placed nowhere."""

    def of_several(self, name: str) -> str | None:
        """The node of a block that is not placed by its name: what names most of it holds."""
        holding = [begin for begin in self.several if name.startswith(begin)]
        return self.several[max(holding, key=len)][0] if holding else None


def place(draft: Draft) -> Found:
    """Put blocks on nodes, and check the nodes themselves; what the compiler chooses stands on the last node as yet."""
    return _placed(draft, for_good=False)


def choose(draft: Draft) -> Found:
    """The same, and choose: the nodes have their last form."""
    return _placed(draft, for_good=True)


def _placed(draft: Draft, *, for_good: bool) -> Found:
    nodes = draft.document.placement
    if not nodes or draft.options.collapse:
        return _on_one(draft), []
    placed = _Placed()
    for node in nodes:
        for ref in node.blocks:
            _put(draft, placed, node, ref)
        placed.found += _links(node, nodes)
    homes = {name: home for name, (home, _) in placed.homes.items()}
    homes |= {name: home for name, home in draft.options.moves.items() if name in draft.blocks}
    # A table is read on every node that looks into it.
    homes |= {t.name: nodes[0].name for t in draft.document.tables if t.name not in homes}
    for name in (n for n in draft.blocks if n not in homes):
        home = placed.of_several(name)
        if home is not None:
            homes[name] = home
        elif not placed.auto:
            placed.found.append(_unplaced(draft, name))
    placements = tuple(_placement(n) for n in nodes)
    stated = frozenset(homes)
    if placed.auto:
        homes |= _chosen(draft, placed, placements, homes, for_good=for_good)
    told = (*_filled(nodes), *_told(placed.auto, homes, stated))
    return replace(_settled(draft, homes, placements), defaults=_with(draft.defaults, told)), placed.found


def _with(before: tuple[Default, ...], told: tuple[Default, ...]) -> tuple[Default, ...]:
    """What other passes have told too; what this one says a second time replaces what it said first."""
    again = {d.path for d in told}
    return (*(d for d in before if d.path not in again), *told)


def _on_one(draft: Draft) -> Draft:
    budget = _budget(draft.document.runtime.budget)
    return _settled(draft, dict.fromkeys(draft.blocks, ALL), (Placement(name=ALL, budget=budget),))


def _settled(draft: Draft, homes: dict[str, str], placements: tuple[Placement, ...]) -> Draft:
    nodes = tuple(msgspec.structs.replace(n, node=homes.get(n.block, "")) for n in draft.nodes)
    return replace(draft, homes=homes, placements=placements, nodes=nodes)


def _put(draft: Draft, placed: _Placed, node: PlacementDecl, ref: Ref) -> None:
    several = ref.name.endswith(REST)
    taken, name = (placed.several, ref.name.removesuffix(REST)) if several else (placed.homes, ref.name)
    if name == AUTO and name not in draft.blocks:
        placed.auto[node.name] = ref
    elif name in taken:
        placed.found.append(_twice(ref, node, taken[name]))
    elif several and name not in ("", *_imports(draft)):
        placed.found.append(_unknown_import(draft, ref))
    elif not several and name not in draft.blocks:
        placed.found.append(_unknown(draft, ref))
    else:
        taken[name] = (node.name, ref)


def _chosen(
    draft: Draft, placed: _Placed, placements: tuple[Placement, ...], homes: dict[str, str], *, for_good: bool
) -> dict[str, str]:
    """What the compiler chooses; the last node of the row has all of it while that is not settled."""
    row = _row(placed.auto, {p.name: p for p in placements})
    if row is None:
        placed.found.append(_no_row(placed.auto))
        row = list(placements[:1])
    open_ones = [name for name in draft.blocks if name not in homes]
    if not for_good or len(row) == 1:
        return dict.fromkeys(open_ones, row[-1].name)
    # The capacity model takes time to load, and most documents say where blocks run.
    from slac.compiler.choosing import chosen

    return chosen(draft, row, homes, {p.name: p.connect for p in placements})


def _row(auto: dict[str, Ref], placements: dict[str, Placement]) -> list[Placement] | None:
    """The nodes that say `auto`, each connecting to the one behind it; None where they do not stand in a row."""
    dials = {name: placement.connect for name, placement in placements.items()}
    for name in auto:
        row = [name, *max((way(dials, name, other) for other in auto), key=len)]
        if set(row) == set(auto):
            return [placements[n] for n in row]
    return None


def _no_row(auto: dict[str, Ref]) -> Diagnostic:
    first, *others = auto.values()
    return Diagnostic(
        code="placement/auto",
        summary=f"the nodes that say auto ({', '.join(auto)}) do not connect to one another in a row",
        span=first.span,
        path=first.path,
        suggestion="say auto on nodes of which each connects to the next, and name the blocks of the others",
        related=tuple(Related(ref.span, "auto here too") for ref in others),
    )


def _told(auto: dict[str, Ref], homes: dict[str, str], stated: frozenset[str]) -> Iterator[Default]:
    """What was chosen, as if the document had said it."""
    for name, ref in auto.items():
        blocks = [block for block, home in homes.items() if home == name and block not in stated]
        yield Default(path=ref.path, value=", ".join(blocks) or "none")


def _imports(draft: Draft) -> tuple[str, ...]:
    """What the names of imported blocks begin with: `kube.`, and `kube.base.` of what that imports."""
    return tuple(i.prefix for i in draft.document.imported)


def _unknown_import(draft: Draft, ref: Ref) -> Diagnostic:
    known = [f"{prefix}{REST}" for prefix in _imports(draft)]
    return Diagnostic(
        code="names/unknown-block",
        summary=f'no import is called "{ref.name.removesuffix(f".{REST}")}"',
        span=ref.span,
        path=ref.path,
        suggestion=suggest(ref.name, known),
        details=f"imports of this document: {listed(known)}" if known else "this document imports no other",
    )


def _unknown(draft: Draft, ref: Ref) -> Diagnostic:
    return Diagnostic(
        code="names/unknown-block",
        summary=f'no block is called "{ref.name}"',
        span=ref.span,
        path=ref.path,
        suggestion=suggest(ref.name, draft.blocks),
        details=f"blocks of this document: {listed(draft.blocks)}",
    )


def _twice(ref: Ref, node: PlacementDecl, before: tuple[str, Ref]) -> Diagnostic:
    what = f'"{ref.name}"' if ref.name.endswith(REST) else f'the block "{ref.name}"'
    return Diagnostic(
        code="placement/twice",
        summary=f'{what} is placed on "{node.name}", and before on "{before[0]}"',
        span=ref.span,
        path=ref.path,
        details="a block runs on one node; instances of that node are started with `slac run --instance`",
        related=(Related(before[1].span, "the first place"),),
    )


def _unplaced(draft: Draft, name: str) -> Diagnostic:
    block = draft.blocks[name]
    nodes = [p.name for p in draft.document.placement]
    return Diagnostic(
        code="placement/unplaced",
        summary=f'the block "{name}" is on no node',
        span=block.span,
        path=block.path,
        details=f'add it, or "*" for all that is not placed elsewhere, to one of: {listed(nodes)}',
    )


def _links(node: PlacementDecl, nodes: tuple[PlacementDecl, ...]) -> Iterator[Diagnostic]:
    ref, known = node.connect, [n.name for n in nodes if n.name != node.name]
    if ref is None:
        return
    target = next((n for n in nodes if n.name == ref.name), None)
    if target is None or target is node:
        yield Diagnostic(
            code="placement/unknown-node",
            summary=f'"{node.name}" connects to {"itself" if target is node else f"{ref.name!r}, which is no node"}',
            span=ref.span,
            path=ref.path,
            suggestion=suggest(ref.name, known) if target is None else "",
            details=f"other nodes: {listed(known)}",
        )
    elif target.listen is None or _address(target) is None:
        missing = "listen" if target.listen is None else "address that could be dialled"
        yield Diagnostic(
            code="placement/no-address",
            summary=f'"{node.name}" connects to "{target.name}", which has no {missing}',
            span=target.span,
            path=target.path,
            details='`listen` is what a node binds, `address` what others dial, for example "tcp://10.0.0.5:7000"',
            related=(Related(ref.span, "connects here"),),
        )


def _address(node: PlacementDecl) -> str | None:
    """What others dial: as stated, or what the node binds, unless that is every interface."""
    if node.address is not None or node.listen is None:
        return node.address
    return None if _EVERYWHERE.search(node.listen) else node.listen


def _filled(nodes: tuple[PlacementDecl, ...]) -> tuple[Default, ...]:
    """The addresses that were taken from `listen`."""
    taken = [(n.path, _address(n)) for n in nodes if n.address is None]
    return tuple(Default(path=f"{path}.address", value=address) for path, address in taken if address is not None)


def _placement(node: PlacementDecl) -> Placement:
    return Placement(
        name=node.name,
        connect=node.connect.name if node.connect else None,
        listen=node.listen,
        address=_address(node),
        budget=_budget(node.budget),
        hold=node.hold_us,
        disk=node.disk,
        instances=node.instances,
        by=node.by.name if node.by is not None else None,
    )


def _budget(budget: BudgetDecl) -> Budget:
    return Budget(
        cpu=budget.cpu.amount,
        cpu_unit="machine" if budget.cpu.unit == "fraction" else budget.cpu.unit,
        memory=budget.memory.amount,
        memory_unit="machine" if budget.memory.unit == "fraction" else budget.memory.unit,
        network=budget.network,
    )
