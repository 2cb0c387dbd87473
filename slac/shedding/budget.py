"""From a budget as a document states it to absolute numbers on one machine."""

from __future__ import annotations

from slac.plan.graph import Budget
from slac.shedding.machine import Machine
from slac.shedding.readings import ResolvedBudget


def resolve_budget(budget: Budget, machine: Machine) -> ResolvedBudget:
    """Cores, bytes and bits a second that `budget` means on `machine`; never more than the machine has."""
    cores = budget.cpu * machine.cpu_cores if budget.cpu_unit == "machine" else budget.cpu
    memory = budget.memory * machine.memory_bytes if budget.memory_unit == "machine" else budget.memory
    return ResolvedBudget(
        cpu_cores=min(cores, machine.cpu_cores),
        memory_bytes=min(round(memory), machine.memory_bytes),
        network_bits=budget.network,
    )
