"""Memory of large columns that was freed is used again, instead of being given back and asked for anew."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["reuse_freed_memory"]

_AT_MOST: Final = 31 << 20
"""Under the 32 MiB up to which glibc learns."""


def reuse_freed_memory() -> None:
    """Let the allocator keep up to twice 31 MiB that were freed.

    glibc asks the system for each block over 128 KiB, and the system clears every page of it on first use, which cost
    a quarter of the time of the operators that work in NumPy. A large block that is freed teaches glibc to keep blocks
    of its size; its pages are never touched, so it costs nothing. Other allocators do not mind.
    """
    np.empty(_AT_MOST, np.uint8)
