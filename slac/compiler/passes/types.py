"""Every expression gets its type and every stream its schema: blocks become plan nodes, not yet placed.

Before: `probes.runs: {from: watchdog, where: module IS NOT NULL}`. After: a `SelectNode` whose condition is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from slac.compiler.blocks.audits import lower_audit
from slac.compiler.blocks.computations import lower_computation
from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.inputs import lower_input
from slac.compiler.blocks.outputs import lower_output
from slac.compiler.blocks.patterns import lower_pattern
from slac.compiler.blocks.probes import lower_probe
from slac.compiler.blocks.tables import lower_table
from slac.compiler.blocks.traces import lower_traces
from slac.compiler.blocks.violations import lower_violation
from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Severity
from slac.language.document import AuditDecl, ComputationDecl, InputDecl, OutputDecl, ProbeDecl, ViolationDecl
from slac.language.pattern_decls import PatternDecl
from slac.language.table_decls import TableDecl
from slac.language.trace_decls import TracesDecl

LOWERINGS: Mapping[type, Callable[[Any, Lowering], None]] = MappingProxyType(
    {
        InputDecl: lower_input,
        TableDecl: lower_table,
        ProbeDecl: lower_probe,
        ComputationDecl: lower_computation,
        PatternDecl: lower_pattern,
        TracesDecl: lower_traces,
        AuditDecl: lower_audit,
        ViolationDecl: lower_violation,
        OutputDecl: lower_output,
    }
)
"""What makes nodes of each kind of block."""


def types(draft: Draft) -> Found:
    """Lower all sound blocks; one with an error has no stream, and what reads it stays silent."""
    lowering, found = Lowering(draft), []
    failed: set[str] = set()
    for name in (n for n in draft.order if n not in draft.broken):
        lowering.pending, lowering.found = [], []
        LOWERINGS[type(draft.blocks[name])](draft.blocks[name], lowering)
        found += lowering.found
        wrong = any(d.severity is Severity.ERROR for d in lowering.found)
        if wrong or not any(n.id == name for n in lowering.pending):
            failed.add(name)
        else:
            lowering.nodes |= {n.id: n for n in lowering.pending}
    return replace(draft, nodes=tuple(lowering.nodes.values()), broken=breaking(draft.broken, failed)), found
