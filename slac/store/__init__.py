"""The store: documents and their versions, deployments, reports, violations and the states of audits, in a database."""

from slac.store.engine import Store, StoreUnavailable, open_store
from slac.store.output import StoreOutput
from slac.store.writing import BlockKind

__all__ = [
    "BlockKind",
    "Store",
    "StoreOutput",
    "StoreUnavailable",
    "open_store",
]
