"""What a person who starts a runtime may set."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How one runtime is run.

    `state`: directory of checkpoints, None keeps nothing. `once`: read file inputs to their end, then stop. `expect`:
    instances that must have joined before a receiving runtime lets time begin. `directory`: where `var/` lies.
    `keys`: directory of the keys that links are guarded with. `control`: address of the control socket, beside its
    file; `http`: where `/metrics` and `/healthz` are. `sensitive_key`: the file of the key for sensitive fields.
    `calibration`: the file with the costs of this machine; those that come with slac hold where there is none.
    """

    node: str
    instance: str
    state: Path | None = None
    once: bool = False
    expect: int = 0
    directory: Path = Path()
    keys: Path | None = None
    control: str | None = None
    http: str | None = None
    sensitive_key: Path | None = None
    calibration: Path | None = None
