"""What a runtime carries: the process that runs a plan has no compiler in it."""

from __future__ import annotations

import subprocess
import sys


def test_a_runtime_carries_no_compiler() -> None:
    """The command and all that it runs with leave out the compiler and its SQL parser (ADR 0005)."""
    script = (
        "import sys, slac.cli.main, slac.cli.commands.run, slac.cli.launch, slac.runtime.shell.process; "
        "print({'slac.compiler', 'sqlglot', 'httpx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
