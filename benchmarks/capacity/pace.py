"""How fast the machine is while something is measured: a reference runs in turns with it, on the same core.

`python -m benchmarks.capacity.pace CALIBRATION`: a turn for each line that comes in, answered by the pace until
then. It is a process of its own, so that its memory is not that of what is measured.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from slac.calibration.pace import Reference
from slac.shedding.capacity.calibration import load_calibration


class Beside:
    """The reference in a process beside this one; without a `calibration` nothing runs, and the pace is 1."""

    def __init__(self, calibration: str | None) -> None:
        command = [sys.executable, "-m", "benchmarks.capacity.pace", str(calibration)]
        self._child = subprocess.Popen(command, stdin=-1, stdout=-1, text=True) if calibration else None
        self.pace = 1.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.communicate()

    def turn(self) -> None:
        """Let it run for a while, and wait for it."""
        if self._child is not None and self._child.stdin is not None and self._child.stdout is not None:
            self._child.stdin.write("\n")
            self._child.stdin.flush()
            self.pace = float(self._child.stdout.readline())


def main(path: Path) -> None:
    """A turn a line."""
    reference = Reference(load_calibration(path), timer=time.process_time)
    for _ in sys.stdin:
        reference.turn()
        sys.stdout.write(f"{reference.pace()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
