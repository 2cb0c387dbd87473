"""Names of the columns that patterns by columns work with; none of them reaches a row that is said."""

from __future__ import annotations

from typing import Final

ORD: Final = "#ord"
"""The place of an event in the total order of what is looked at together; equal where it is one event."""
HASH: Final = "#hash"
"""Of the group (key, and what equal conditions compare): where a partial match is kept."""
UNTIL: Final = "#until"
"""The instant (µs) at which a partial match ends by itself, whatever its key does."""
LAST: Final = "#last"
"""The latest event (µs) of the key, when it was looked at last: the key is forgotten `retain` after that."""
NEVER: Final = 1 << 61
"""An instant that does not come."""
