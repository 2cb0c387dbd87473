"""What rich draws, as text for stdout: as wide as the terminal, and in a file or pipe as wide as it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDE: Final = 240


def drawn(what: RenderableType) -> str:
    """The text; without colours where stdout is no terminal."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    with console.capture() as capture:
        console.print(what, markup=False)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())
