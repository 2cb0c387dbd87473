"""What the input adapter reads from a file: the same blocks for us and for every peer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from slac.adapters.files.arrow import ArrowFile
from slac.adapters.files.block import Block
from slac.adapters.files.growing import GrowingFile


def blocks(source: Path) -> Iterator[Block]:
    """The blocks of a file, in order."""
    file = ArrowFile(source) if source.suffix == ".arrow" else GrowingFile(source)
    while (block := file.read(final=True)) is not None:
        yield block
    file.close()
