"""The pages of the diagnostic codes: files of this package where slac is installed, docs in a checkout."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from slac.diagnostics.codes import page_of

CHECKOUT: Final = Path(__file__).parents[2] / "docs" / "diagnostics"
"""Where the pages are written; the build copies them to `PACKAGED` (`force-include` in pyproject.toml)."""
PACKAGED: Final = "pages_of_codes"


def page(code: str) -> str | None:
    """The page of a code as Markdown; None where there is no such page."""
    packaged: Traversable = files("slac.diagnostics") / PACKAGED / page_of(code)
    for place in (packaged, CHECKOUT / page_of(code)):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    return None
