"""What the user may have meant."""

import pytest

from slac.diagnostics import listed, nearest, suggest


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("durations", ["duration", "name"], "duration"),
        ("DURATION", ["duration"], "duration"),
        ("crit", ["warning", "critical"], "critical"),
        ("zzz", ["duration", "name"], None),
        ("x", [], None),
        ("du", ["duration"], None),
    ],
)
def test_nearest(name: str, candidates: list[str], expected: str | None) -> None:
    """A likely misspelling, other case or unique part is found; nothing is invented."""
    assert nearest(name, candidates) == expected


def test_suggest_asks() -> None:
    """A suggestion is a question, or nothing."""
    assert suggest("modul", ["module"]) == 'did you mean "module"?'
    assert suggest("zzz", ["module"]) == ""


def test_listed_stays_short() -> None:
    """Names in order; past the limit only their number."""
    assert listed(["b", "a"]) == "b, a"
    assert listed([]) == "none"
    assert listed([str(n) for n in range(5)], limit=3) == "0, 1, 2, and 2 more"
