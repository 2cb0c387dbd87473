"""What each kind of operator costs on a machine: lines fitted to measurements, and the file that holds them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from slac.diagnostics import UsageError, suggest
from slac.shedding.machine import Machine

CALIBRATION_VERSION: Final = 6
TERMS: Final = ("batches", "exprs", "rows", "cells", "texts", "groups", "slots", "bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an operator does, in all or a second.

    `exprs` and `cells`: batches and rows, each times expressions, aggregates or fields; `texts`: those cells that are
    text; `groups`: distinct groups touched, summed over batches, and groups given out; `slots`: they times aggregates.
    """

    batches: float = 0.0
    exprs: float = 0.0
    rows: float = 0.0
    cells: float = 0.0
    texts: float = 0.0
    groups: float = 0.0
    slots: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(**{t: getattr(self, t) + getattr(other, t) for t in TERMS})


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds for each unit of work, and how well the line fits: `error` is the mean relative deviation."""

    batches: float = 0.0
    exprs: float = 0.0
    rows: float = 0.0
    cells: float = 0.0
    texts: float = 0.0
    groups: float = 0.0
    slots: float = 0.0
    bytes: float = 0.0
    error: float = 0.0
    samples: int = 0

    def seconds(self, work: Work) -> float:
        """CPU seconds that `work` takes."""
        return float(sum(getattr(self, t) * getattr(work, t) for t in TERMS))


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Costs by kind of operator on `machine`.

    `base_memory`: bytes of a runtime without state, `node_memory` of each of its nodes; `bytes_per_key`: of one
    key in an operator's directory, beside its columns; `idle_cores`: CPU seconds a second of a runtime without input.
    `reference`: what took the pieces that tell the pace of the machine, as a share of what the prices say of them.
    """

    version: int = CALIBRATION_VERSION
    machine: Machine
    kinds: dict[str, CostLine]
    reference: float = 1.0
    base_memory: int
    node_memory: float = 0.0
    bytes_per_key: float
    idle_cores: float

    def line(self, kind: str) -> CostLine:
        """The costs of `kind`; UsageError where the calibration does not have it."""
        if kind not in self.kinds:
            raise UsageError(
                f'the calibration has no costs for "{kind}"; {suggest(kind, self.kinds)} '
                "run `slac capacity calibrate` with this version of slac"
            )
        return self.kinds[kind]


def shipped_calibration() -> Calibration:
    """The calibration that comes with slac, measured on a machine that it describes."""
    return _decode(files("slac.shedding").joinpath("calibration.json").read_bytes(), "the calibration of slac itself")


def load_calibration(path: Path) -> Calibration:
    """A calibration from a file; UsageError when it cannot be read or is none."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the calibration {path} cannot be read: {error.strerror}") from error
    return _decode(text, str(path))


def calibration_of(path: Path | None) -> Calibration:
    """The costs of this machine where they have been measured, else those that come with slac.

    Whoever runs a document asks nothing of `path`: a file that is not there, or of another version, is passed over.
    """
    try:
        return shipped_calibration() if path is None else load_calibration(path)
    except UsageError:
        return shipped_calibration()


def encode_calibration(calibration: Calibration) -> bytes:
    """The file's text."""
    return msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n"


def _decode(text: bytes, name: str) -> Calibration:
    try:
        calibration = msgspec.json.decode(text, type=Calibration)
    except msgspec.DecodeError as error:
        raise UsageError(f"{name} is not a calibration: {error}") from error
    if calibration.version != CALIBRATION_VERSION:
        raise UsageError(
            f"{name} has version {calibration.version}; this slac reads version {CALIBRATION_VERSION}: "
            "run `slac capacity calibrate` again"
        )
    return calibration
