"""The registry of scalar functions: by their key in a plan, and by their names in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from slac.plan.scalar import arithmetic, collections, logic, mathematics, text, time
from slac.plan.scalar.function import Function, Lowering

__all__ = ["FUNCTIONS", "SQL_NAMES", "Function", "Lowering"]

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.key: function
        for theme in (
            logic.FUNCTIONS,
            arithmetic.FUNCTIONS,
            mathematics.FUNCTIONS,
            text.FUNCTIONS,
            time.FUNCTIONS,
            collections.FUNCTIONS,
        )
        for function in theme
    }
)
"""Every function and operator by its key."""

SQL_NAMES: Mapping[str, Function] = MappingProxyType(
    {name: function for function in FUNCTIONS.values() for name in function.names}
)
"""Functions by the names that SQL calls them, in capitals."""
