"""Where a field that a record misses stands instead: beside `payload`, most often."""

from typing import Final

from slac.adapters.decoding.unknown import unknown_paths
from slac.adapters.decoding.wire import Path

_MISSING: Final = ": missing"


def hint(reason: str, line: bytes, known: frozenset[Path]) -> str:
    """What to add to a `reason` that something is missing; empty where nothing of its name stands elsewhere."""
    path, found, _ = reason.partition(_MISSING)
    if not found:
        return ""
    missed = tuple(path.split("."))
    wanted = {each[-1]: ".".join(each) for each in known if each[: len(missed)] == missed}
    for other in unknown_paths(line, known):
        if place := wanted.get(other.rpartition(".")[2]):
            return f" (`{other}` is there: is `{place}` meant?)"
    return ""
