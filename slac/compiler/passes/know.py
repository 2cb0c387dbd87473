"""What is known of the rows of every stream before any is seen, for the passes that judge conditions by it.

Before: `then: [{share: good / requests}]`, two counts of one window. After: `share` lies between 0 and 1, or is NULL.
"""

from __future__ import annotations

from dataclasses import replace

from slac.compiler.draft import Draft, Found
from slac.plan.conditions.streams import facts_of


def know(draft: Draft) -> Found:
    """Add `facts`; says nothing itself."""
    return replace(draft, facts=facts_of(draft.nodes)), []
