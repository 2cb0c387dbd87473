"""Audits have states that can be reached, each in one way only.

Before: `up: {when: x > 1}`, `down: {when: x > 2}`. After: a note that `up`, which stands first, wins where both hold.
"""

from __future__ import annotations

from slac.compiler.draft import Draft, Found


def states(draft: Draft) -> Found:
    """Check the transition table of every audit."""
    return draft, []
