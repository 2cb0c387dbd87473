"""`slac completion`, and what a shell then asks for."""

import os
import subprocess
import sys

import pytest

from slac.cli.main import main
from slac.cli.registry import COMMANDS

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str, capsys: Captured) -> None:
    """It calls slac back, and says where it belongs."""
    assert main(["completion", shell], environment={}) == 0
    first, *script = capsys.readouterr().out.splitlines()
    assert first.startswith(f"# slac completion {shell} >")
    assert any("_SLAC_COMPLETE" in line for line in script)


def asked(words: str, position: int) -> list[str]:
    """What bash is told for the word at a position."""
    code = "import sys; sys.argv[0] = 'slac'; from slac.cli.main import main; sys.exit(main())"
    ask = {"_SLAC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | ask, capture_output=True, text=True, check=True
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_options_and_codes_are_completed() -> None:
    """Commands by the table, options by their command, codes by theirs."""
    assert asked("slac co", 1) == [name for name in COMMANDS if name.startswith("co")]
    assert "--check" in asked("slac fmt --", 2)
    assert asked("slac explain blocks/unu", 2) == ["blocks/unused"]
