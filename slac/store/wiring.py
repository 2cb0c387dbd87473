"""The store of a runtime: which blocks it keeps, and with what bounds."""

from __future__ import annotations

from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import AuditNode
from slac.runtime.recording import recorded
from slac.runtime.shell.settings import RunSettings
from slac.runtime.troubles.trouble import KEYS
from slac.store.output import StoreOutput
from slac.store.writing import BlockKind
from slac.stream.clock import Clock

DEFAULT: Final = "var/slac.db"
"""The SQLite file, under the working directory, of a run that names no store."""
OFF: Final = "off"


def store_of(plan: Plan, settings: RunSettings, address: str | None, clock: Clock) -> StoreOutput | None:
    """The store that a runtime writes to; None where it has nothing to keep, or `address` is `off`."""
    kinds = {
        node.block: BlockKind("report" if isinstance(node, AuditNode) else "violation", node.keys)
        for node in recorded(plan.part(settings.node)).values()
    }
    chosen = address or DEFAULT
    if chosen == OFF or not kinds:
        return None
    kinds |= {block: BlockKind("violation", keys) for block, keys in KEYS.items()}
    return StoreOutput(
        chosen if "://" in chosen else str(settings.directory / chosen),
        plan,
        node=settings.node,
        instance=settings.instance,
        blocks=kinds,
        retain=plan.data.store.retain,
        limit=plan.data.store.max_size,
        clock=clock,
    )
