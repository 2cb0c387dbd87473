"""Messages of violations: `{column}` is replaced by the column's value; there are no format specs and no code."""

from __future__ import annotations

import re
from typing import Final

PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
"""A column in a template; its name is the group."""


def named_in(template: str | None) -> tuple[str, ...]:
    """The columns that a template names, in order, each once."""
    return tuple(dict.fromkeys(PLACE.findall(template or "")))
