"""What is known of a column before any row is seen: the values that it can have, and what it counts or adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from slac.plan.conditions.values import ValueSet
from slac.plan.expressions import AggregateCall, AnyExpr, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The aggregate that a column carries, unchanged: of which group, and of what its argument is in turn.

    `part`: the origin of the argument, where it has one. `unit`: every value of the argument lies between 0 and 1.
    """

    group: str
    call: AggregateCall
    part: Origin | None = None
    unit: bool = False

    def at_most(self, other: Origin) -> bool:
        """Whether the value of a row is for certain not greater than that of `other` in the same row.

        Counts of some rows against counts of more of them, and sums of such counts.
        """
        if self.group != other.group or not _within(self.call.where, other.call.where):
            return False
        match self.call.function, other.call.function:
            case "count", "count":
                return not other.call.args or self.call.args == other.call.args
            case "sum", "count":
                return self.unit and (not other.call.args or self.call.args == other.call.args)
            case "sum", "sum":
                return self.part is not None and other.part is not None and self.part.at_most(other.part)
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Known:
    """The values that a column can have (NULL among them where it can be NULL), and its origin."""

    values: ValueSet
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the columns of one stream, by physical name; of a column that is not there: nothing."""

    columns: Mapping[str, Known] = field(default_factory=lambda: MappingProxyType({}))

    def values(self, name: str) -> ValueSet | None:
        """The values that a column can have, if anything is known of them."""
        known = self.columns.get(name)
        return None if known is None else known.values

    def origin(self, name: str) -> Origin | None:
        """The aggregate that a column carries."""
        known = self.columns.get(name)
        return None if known is None else known.origin


def _within(where: AnyExpr | None, wider: AnyExpr | None) -> bool:
    """Whether a row that passes the one filter passes the other for certain."""
    if wider is None or where == wider:
        return True
    return isinstance(where, Call) and where.function == "and" and wider in where.args
