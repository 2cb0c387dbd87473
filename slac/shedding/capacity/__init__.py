"""The capacity model: what a plan will use, before it runs, and the highest load that fits its budgets."""

from slac.shedding.capacity.estimate import report
from slac.shedding.capacity.walk import record_costs

__all__ = ["record_costs", "report"]
