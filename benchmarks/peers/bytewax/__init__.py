"""Bytewax, in a virtual environment of its own; the flows of each form are in `flows.py`, which runs there.

Its watermark follows the clock of the machine: in a replay, what comes a moment of that clock after its successor is
dropped as late. The flows give it time enough that nothing is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.peers import HOME, Absent, CannotInstall, Peer

RELEASE: Final = "0.21.1"
FLOWS: Final = Path(__file__).with_name("flows.py")
_PATIENCE: Final = 300
"""Seconds that a step of the installation may take."""


@dataclass(frozen=True, slots=True)
class Bytewax:
    """Bytewax, installed for the interpreter `python`."""

    python: Path

    @property
    def name(self) -> str:
        """With its version."""
        return f"Bytewax {RELEASE}"

    @property
    def version(self) -> str:
        """Of it alone: the interpreter is that of slac."""
        return RELEASE

    def command(self, form: str, *, step: int, span: int, inputs: Sequence[tuple[str, Path]]) -> list[str]:
        """Windows know themselves how long they are."""
        files = [part for kind, path in inputs for part in (kind, str(path))]
        return [str(self.python), str(FLOWS), form, *files]


@cache
def install() -> Peer | Absent:
    """Install it where this has not been done yet."""
    home = HOME / f"bytewax-{RELEASE}-{sys.version_info.major}.{sys.version_info.minor}"
    python = home / "bin" / "python"
    try:
        if not (home / "installed").exists():
            _run([sys.executable, "-m", "venv", "--clear", str(home)])
            _run([str(python), "-m", "pip", "install", "--quiet", f"bytewax=={RELEASE}"])
            (home / "installed").touch()
    except CannotInstall as reason:
        return Absent("Bytewax", str(reason))
    return Bytewax(python)


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise CannotInstall("the installation did not end in time") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CannotInstall(f"the installation failed: {said[-1][:200] if said else done.returncode}")
