"""Where a value stands in a JSON record, as people write it: keys joined by dots."""

import re

_SEGMENT = re.compile(r'"([^"]+)"|([^."\[\]]+)')

Path = tuple[str, ...]
"""The keys from the top of a record down to a value."""


def parse_path(text: str) -> Path:
    """`a.b` or `a."x.y".b` (an initial `$.` is allowed) as keys; ValueError with a sentence otherwise."""
    keys: list[str] = []
    rest = text.removeprefix("$.")
    while True:
        match = _SEGMENT.match(rest)
        if match is None:
            raise ValueError(
                f"{text!r} is no path: write keys joined by dots, like payload.outcome; lists cannot be entered"
            )
        keys.append(match.group(1) or match.group(2))
        rest = rest[match.end() :]
        if not rest:
            return tuple(keys)
        if not rest.startswith("."):
            raise ValueError(f"{text!r} is no path: after {keys[-1]!r} a dot or the end was expected")
        rest = rest[1:]
