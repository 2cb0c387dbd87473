"""What the user may have meant: the nearest of the names that exist, and a list of them that stays readable."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST_PART = 3


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that looks most like `name` (case is ignored), or None where nothing comes near."""
    by_folded = {c.casefold(): c for c in sorted(set(candidates), reverse=True)}
    folded = name.casefold()
    close = get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if close:
        return by_folded[close[0]]
    inside = [c for f, c in sorted(by_folded.items()) if len(folded) >= _SHORTEST_PART and folded in f]
    return inside[0] if len(inside) == 1 else None


def suggest(name: str, candidates: Iterable[str]) -> str:
    """The question `did you mean "…"?` with the nearest candidate; empty where nothing comes near."""
    found = nearest(name, candidates)
    return f'did you mean "{found}"?' if found is not None else ""


def listed(names: Iterable[str], *, limit: int = 12) -> str:
    """`a, b, c` in the given order; past `limit` names, how many more there are; `none` for nothing."""
    every = list(names)
    if not every:
        return "none"
    more = f", and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more
