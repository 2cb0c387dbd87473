"""Where a command's words go: data to stdout, messages to stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO


def say(message: str) -> None:
    """A message for the user."""
    print(message, file=sys.stderr)


def put(data: str) -> None:
    """What the command was called for; ends with a line break if `data` does."""
    sys.stdout.write(data)


def wants_color(environment: Mapping[str, str], stream: TextIO | None = None) -> bool:
    """Whether a stream (stderr unless said) may be coloured: it is a terminal, and NO_COLOR is not set."""
    where = stream or sys.stderr
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb" and where.isatty()
