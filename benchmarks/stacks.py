"""Stacks of C and Python as py-spy writes them, one a line with its number of samples, and whose time each is.

A sample belongs to the innermost frame that says so, from the top of the stack down: a shared library of Polars,
NumPy or a decoder, or Python code. Code of the C library and of other shared libraries has no owner of its own and
belongs to who called it. So `a + b` on arrays is NumPy's, a copy that Polars makes is Polars', and a wrapper of theirs
that is written in Python is Python.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

POLARS, NUMPY, DECODERS, PYTHON = "Polars", "NumPy", "decoders", "Python"
INSIDE: Final = (POLARS, NUMPY, DECODERS)
_OWNERS: Final = MappingProxyType(
    {
        "polars": POLARS,
        "numpy": NUMPY,
        "msgspec": DECODERS,
        "orjson": DECODERS,
        "pyarrow": DECODERS,
    }
)
_FRAME: Final = re.compile(r"^(?P<function>.*) \((?P<place>[^()]*)\)$")
_LIBRARY: Final = re.compile(r"\.(so|dylib|pyd)(\.[\d.]+)?$")


def shares(lines: Iterable[str], below: str) -> Counter[str]:
    """Samples by owner, of all stacks in which the function `below` stands."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = [_parted(frame) for frame in stack.split(";")]
        if any(function == below for function, _ in frames):
            found[owner(place for _, place in frames)] += int(count)
    return found


def owner(places: Iterable[str]) -> str:
    """Whose time it is: `places` are the files of the frames, the outermost first."""
    for place in reversed(list(places)):
        if place and not _LIBRARY.search(place):
            return PYTHON
        for package, name in _OWNERS.items():
            if package in place:
                return name
    return PYTHON


def _parted(frame: str) -> tuple[str, str]:
    """Function and file of a frame; the line of a file in Python is left out."""
    met = _FRAME.match(frame)
    return (met["function"], re.sub(r":\d+$", "", met["place"])) if met else (frame, "")
