"""Budgets in absolute numbers."""

from __future__ import annotations

from slac.plan.graph import Budget
from slac.shedding.budget import resolve_budget
from slac.shedding.machine import Machine
from slac.shedding.readings import ResolvedBudget

MACHINE = Machine(cpu_cores=2.0, memory_bytes=1_000)


def test_shares_are_of_the_machine() -> None:
    """30 % of two cores and of the memory, no bound on the network: the default."""
    assert resolve_budget(Budget(), MACHINE) == ResolvedBudget(cpu_cores=0.6, memory_bytes=300)


def test_absolute_numbers_stand() -> None:
    """Cores, bytes and bits a second are taken as they are."""
    budget = Budget(cpu=0.5, cpu_unit="cores", memory=200, memory_unit="bytes", network=5e6)
    assert resolve_budget(budget, MACHINE) == ResolvedBudget(cpu_cores=0.5, memory_bytes=200, network_bits=5e6)


def test_no_budget_exceeds_the_machine() -> None:
    """What the machine does not have cannot be used."""
    budget = Budget(cpu=8.0, cpu_unit="cores", memory=5_000, memory_unit="bytes")
    assert resolve_budget(budget, MACHINE) == ResolvedBudget(cpu_cores=2.0, memory_bytes=1_000)
