"""Every block gets its shed contract, and every input the gate that can keep all of them.

Before: `shed: {approximate: {error: 2%}}` at a computation. After: the contract on its nodes; on the input behind it
the conditions, groups and keys by which its gate drops what hurts the result least. What a sample says nothing of
(MIN, MAX, BOOL_OR over single events, patterns without a key) makes its input `never`, unless something else is said.
Whoever writes `never` says how much may wait on disk for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from slac.compiler.contracts import contract_of, contracts_of, extremes_of, stated
from slac.compiler.draft import Draft, Found
from slac.compiler.gates.assemble import Gated, asked_of, assemble
from slac.compiler.gates.hoist import over_input, plain_column, ways
from slac.compiler.gates.keys import Keyed, keyed
from slac.compiler.gates.units import together_of, units_of
from slac.compiler.gates.wishes import Wish, wishes
from slac.diagnostics import Diagnostic, Severity
from slac.diagnostics.suggest import listed
from slac.language.document import ComputationDecl, InputDecl
from slac.language.shed_decls import ShedDecl
from slac.plan.graph import Default
from slac.plan.nodes import (
    AnyNode,
    IntervalJoinNode,
    PatternNode,
    SelectNode,
    SourceNode,
    TracesNode,
    WindowNode,
    is_table,
)
from slac.plan.shedding import ShedContract, contract_text

DISK = "1GiB"
DISK_BYTES = 1 << 30


@dataclass(slots=True)
class _Contracts:
    """The work on one draft: contracts by node, wishes by input, gates by input, and what is found."""

    draft: Draft
    contracts: dict[str, ShedContract]
    asked: dict[str, list[Wish]] = field(default_factory=dict)
    gates: dict[str, Gated] = field(default_factory=dict)
    defaults: list[Default] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)


def contracts(draft: Draft) -> Found:
    """Attach contracts to nodes and gates to inputs; judge what contradicts itself."""
    work = _Contracts(draft, contracts_of(draft))
    by_id = draft.by_id
    for wish in wishes(by_id, work.contracts):
        work.asked.setdefault(wish.source, []).append(wish)
    groups = keyed(w for several in work.asked.values() for w in several)
    for node in draft.nodes:
        if isinstance(node, SourceNode) and not is_table(node):
            work.gates[node.id] = _gate(node, work, groups.get(node.id))
    work.found += _judged(draft, work)
    nodes = tuple(_with_contract(n, work, by_id) for n in draft.nodes)
    return replace(draft, nodes=nodes, defaults=(*draft.defaults, *work.defaults)), work.found


def _gate(node: SourceNode, work: _Contracts, key: Keyed | None) -> Gated:
    block = work.draft.blocks.get(node.block)
    lag = block.lag_us if isinstance(block, InputDecl) else None
    asked = work.asked.get(node.id, [])
    own = node.gate.contract
    drops = not node.can_wait or lag is not None
    never = _needs_all(node, asked, key, work) if drops else ""
    if never:
        own = ShedContract(mode="never")
        work.defaults.append(Default(path=f"spec.inputs.{node.block}.shed", value=f"never, {never}"))
    said = block.disk if isinstance(block, InputDecl) else None
    gated = assemble(
        node, asked, key if key is not None and key.columns else None, own, disk=said or DISK_BYTES, lag=lag
    )
    holds = gated.spec.contract
    if not never and not own.stated and holds.mode != own.mode:
        value = f"{contract_text(holds)}, for what is read behind it"
        work.defaults.append(Default(path=f"spec.inputs.{node.block}.shed", value=value))
    if holds.mode == "never" and not node.can_wait and said is None:
        work.defaults.append(Default(path=f"spec.inputs.{node.block}.disk", value=DISK))
    return gated


def _needs_all(node: SourceNode, asked: Sequence[Wish], key: Keyed | None, work: _Contracts) -> str:
    """Why nothing of an input may be dropped although nobody says so; empty where there is no reason."""
    if key is not None and not key.columns:
        return f"because {key.because} needs whole keys, and nothing says which events belong together"
    for wish in asked:
        extremes = extremes_of(work.draft.by_id[wish.node])
        if extremes and not work.contracts[wish.node].stated:
            return f'because of {", ".join(extremes)} in "{wish.block}"'
        if wish.entire and not work.contracts[wish.node].stated:
            return f'because "{wish.block}" goes by the latest row, and no other stands for one that was dropped'
    return ""


def _with_contract(node: AnyNode, work: _Contracts, by_id: Mapping[str, AnyNode]) -> AnyNode:
    match node:
        case SourceNode() if node.id in work.gates:
            return msgspec.structs.replace(
                node, gate=work.gates[node.id].spec, contract=work.gates[node.id].spec.contract
            )
        case WindowNode() if node.id in work.contracts:
            counted = _counted(node, work, by_id)
            units = units_of(node, by_id, {name: gated.spec for name, gated in work.gates.items()})
            whole = _whole_by(node, work, by_id) if node.window.kind == "session" else ()
            return msgspec.structs.replace(
                node,
                contract=work.contracts[node.id],
                counted=counted,
                units=units,
                together=1 if units == "whole" else together_of(node, by_id),
                whole_by=whole,
            )
        case SelectNode() if node.id in work.contracts:
            unknown = _uncounted(node, work, by_id)
            return msgspec.structs.replace(node, contract=work.contracts[node.id], uncounted=unknown)
        case PatternNode() | IntervalJoinNode() | TracesNode() if node.id in work.contracts:
            whole = _whole_by(node, work, by_id)
            return msgspec.structs.replace(node, contract=work.contracts[node.id], whole_by=whole)
        case _ if node.id in work.contracts:
            return msgspec.structs.replace(node, contract=work.contracts[node.id])
    return node


def _whole_by(
    node: PatternNode | IntervalJoinNode | TracesNode | WindowNode, work: _Contracts, by_id: Mapping[str, AnyNode]
) -> tuple[str, ...]:
    """The node's keys that are those of its first input's gate, in the order of these."""
    names = node.by if isinstance(node, IntervalJoinNode) else node.keys
    for way in ways(by_id, node.inputs[0]):
        wanted = work.gates[way.source.id].spec.key if way.source.id in work.gates else ()
        known = {column: name for name in names if (column := plain_column(way, name)) is not None}
        if wanted and all(column in known for column in wanted):
            return tuple(known[column] for column in wanted)
    return ()


def _counted(node: WindowNode, work: _Contracts, by_id: Mapping[str, AnyNode]) -> tuple[str, ...]:
    """What every gate before the window counts for it."""
    sources = [way.source.id for way in ways(by_id, node.inputs[0])]
    several = [set(work.gates[s].counted.get(node.id, ())) for s in sources if s in work.gates]
    common = set.intersection(*several) if several else set()
    return tuple(c.name for c in node.aggregates if c.name in common)


def _uncounted(node: SelectNode, work: _Contracts, by_id: Mapping[str, AnyNode]) -> bool:
    if node.where is None:
        return node.during is not None
    reached = [way for way in ways(by_id, node.inputs[0]) if way.source.id in work.gates]
    return node.during is not None or not all(
        (asked := over_input(way, node.where)) is not None and asked_of(asked, work.gates[way.source.id].spec.strata)
        for way in reached
    )


def _judged(draft: Draft, work: _Contracts) -> Iterator[Diagnostic]:
    for block in draft.blocks.values():
        if block.name in draft.broken:
            continue
        if isinstance(block, InputDecl):
            yield from _input(block, work)
        decl: ShedDecl | None = getattr(block, "shed", None)
        if decl is not None and decl.stated:
            yield from _subset(block.name, decl, draft, work)
            yield from _bounded(block.name, decl, draft)


def _input(block: InputDecl, work: _Contracts) -> Iterator[Diagnostic]:
    node = work.draft.by_id.get(block.name)
    if not isinstance(node, SourceNode):
        return
    mode = work.gates[node.id].spec.contract.mode
    if block.disk is not None and (mode != "never" or node.can_wait):
        why = (
            "it can be read again later"
            if node.can_wait
            else "nothing of it has to wait: that is what `shed: never` asks"
        )
        yield _said(
            f'"{block.name}" has a `disk` that nothing uses: {why}', block, f"{block.path}.disk", Severity.WARNING
        )
    if block.disk is None and not node.can_wait and (askers := _stated_never(node, work)):
        yield _without_disk(block, askers)
    if block.lag_us is not None and not node.can_wait:
        yield _said(
            f'`lag` is how far a file may lag behind; "{block.name}" cannot wait at all, and is dropped from as it is',
            block,
            f"{block.path}.lag",
        )
    if block.lag_us is not None and mode == "never":
        yield _said(f'"{block.name}" may not lag, and nothing of it may be dropped', block, f"{block.path}.lag")


def _stated_never(node: SourceNode, work: _Contracts) -> list[str]:
    """Who writes that nothing of an input may be dropped: itself, or blocks behind it."""
    if node.gate.contract.stated and node.gate.contract.mode == "never":
        return [node.block]
    asked = (w for w in work.asked.get(node.id, []) if w.contract.stated and w.contract.mode == "never")
    return list(dict.fromkeys(w.block for w in asked))


def _without_disk(block: InputDecl, askers: Sequence[str]) -> Diagnostic:
    own = askers == [block.name]
    by = "" if own else " for " + listed(f'"{name}"' for name in askers)
    return Diagnostic(
        code="shedding/disk",
        summary=f'"{block.name}" is `shed: never`{by}, and does not say how much may wait on disk',
        span=block.shed.span if own and block.shed.path.startswith(block.path) else block.span,
        path=f"{block.path}.disk",
        suggestion=f"write `disk: {DISK}` at the input, or what the longest burst needs",
        details="what does not fit waits there instead of being dropped, and when it is full, senders are refused",
    )


def _subset(name: str, decl: ShedDecl, draft: Draft, work: _Contracts) -> Iterator[Diagnostic]:
    """A subset leaves out windows or keys, so somebody must have them."""
    if decl.mode != "subset":
        return
    asked = [w for several in work.asked.values() for w in several if w.contract == contract_of(decl)]
    windows = [w for w in asked if isinstance(draft.by_id[w.node], WindowNode)]
    told_apart = all(w.aligned if decl.by == "windows" else w.keys for w in windows)
    missing = not windows or not told_apart or any(w.groups is None for w in windows)
    if missing:
        what = "windows that the clock gives (tumbling, hopping)" if decl.by == "windows" else "keys (`by`)"
        yield Diagnostic(
            code="shedding/contract",
            summary=f'a subset leaves out whole {decl.by}, and "{name}" has none that its inputs could tell apart',
            span=decl.span,
            path=decl.path,
            suggestion="write approximate, or never",
            details=f"it needs {what} over columns that come from an input unchanged",
        )


def _bounded(name: str, decl: ShedDecl, draft: Draft) -> Iterator[Diagnostic]:
    """An error that no sample can keep."""
    node = draft.by_id.get(name)
    if decl.error is None or not isinstance(draft.blocks[name], ComputationDecl) or node is None:
        return
    extremes = extremes_of(node)
    if extremes and stated(draft.blocks[name]) is not None:
        yield Diagnostic(
            code="shedding/contract",
            severity=Severity.WARNING,
            summary=f'no sample bounds the error of {", ".join(extremes)} in "{name}"',
            span=decl.span,
            path=decl.path,
            suggestion="write shed: never, or compute it in a block of its own",
            details="one event that is dropped may be the one that it is about",
        )


def _said(summary: str, block: InputDecl, path: str, severity: Severity = Severity.ERROR) -> Diagnostic:
    return Diagnostic(code="shedding/contract", severity=severity, summary=summary, span=block.span, path=path)
