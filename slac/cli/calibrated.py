"""Where the costs of this machine lie, once somebody has measured them: for reports, and for runtimes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["own_calibration"]


def own_calibration(environment: Mapping[str, str]) -> Path:
    """Where the user's own calibration lies: `$XDG_STATE_HOME/slac/calibration.json`."""
    home = Path(environment.get("HOME", "."))
    state = environment.get("XDG_STATE_HOME") or home / ".local" / "state"
    return Path(state) / "slac" / "calibration.json"
