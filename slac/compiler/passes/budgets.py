"""Budgets hold a runtime: one in which not even an idle runtime fits would do nothing but drop.

Before: `budget: {memory: 1KiB}`. After: a finding that says how much a runtime takes before it has done anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import BudgetDecl
from slac.language.sizes import format_size
from slac.shedding.capacity.calibration import shipped_calibration

LEAST: Final = 32 * 2**20
"""Bytes below which no interpreter with the libraries of a runtime has ever fitted, whatever the machine."""
_MIB: Final = 2**20
_PATIENCE: Final = 1e-3


def budgets(draft: Draft) -> Found:
    """Judge the budget of every node, or of the one runtime; each is told once."""
    document = draft.document
    stated = (document.runtime.budget, *(p.budget for p in document.placement))
    return draft, [d for b in stated for d in _of(b)]


def _of(budget: BudgetDecl) -> Iterator[Diagnostic]:
    memory, cpu = budget.memory, budget.cpu
    base = shipped_calibration().base_memory
    if "memory" in budget.places and memory.unit == "bytes" and memory.amount < base:
        yield _finding(
            budget,
            f"a runtime does not fit into {format_size(int(memory.amount))}: it takes about "
            f"{-(-base // _MIB)}MiB before it holds anything",
            Severity.ERROR if memory.amount < LEAST else Severity.WARNING,
            "memory",
        )
    if "cpu" in budget.places and cpu.unit == "cores" and cpu.amount < _PATIENCE:
        yield _finding(
            budget,
            f"a runtime cannot work with {cpu.amount:g} cores: an idle one takes about "
            f"{shipped_calibration().idle_cores:.2g}",
            Severity.ERROR,
            "cpu",
        )


def _finding(budget: BudgetDecl, summary: str, severity: Severity, key: str) -> Diagnostic:
    return Diagnostic(
        code="placement/budget",
        severity=severity,
        summary=summary,
        span=budget.places.get(key, budget.span),
        path=f"{budget.path}.{key}",
        details="`slac capacity` says what this document needs",
    )
