"""The late rows of a block as a stream of their own: `from: case_results.late`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slac.language.document import BlockDecl, ComputationDecl

SIDE: Final = ".late"


def side_of(name: str, blocks: Mapping[str, BlockDecl]) -> str | None:
    """The block whose late rows a name means; None where it means none."""
    block = blocks.get(name.removesuffix(SIDE)) if name.endswith(SIDE) else None
    return block.name if isinstance(block, ComputationDecl) and block.late == "side" else None
