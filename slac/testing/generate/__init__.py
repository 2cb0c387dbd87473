"""Event traces made from a document: for every state, transition, threshold and branch a minimal one that reaches it.

`docs/adr/0012-traces-by-guided-search.md` says how, and what it cannot do.
"""

from slac.testing.generate.search import Generated, Limits, Reached, generate
from slac.testing.generate.targets import Target, targets_of
from slac.testing.generate.write import as_ndjson, as_tests

__all__ = ["Generated", "Limits", "Reached", "Target", "as_ndjson", "as_tests", "generate", "targets_of"]
