"""Every command is described."""

import re
from pathlib import Path

from slac.cli.registry import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_command_has_a_section() -> None:
    """docs/cli.md has a section for each registered command, in the order of the table, and no other."""
    sections = re.findall(r"^## ([\w-]+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == list(COMMANDS)
