"""Amounts of memory, disk, network and processor: `256MiB`, `5Mbit/s`, `30%`, `0.5 cores`."""

import re
from typing import Final

from slac.language.document import Share

_BYTES: Final = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_BITS: Final = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9}
_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*(\D.*)?")
_HUNDRED: Final = 100.0


def parse_size(text: str) -> int:
    """Bytes. Raises ValueError for a bare number, an unknown unit, or nothing at all."""
    number, unit = _split(text)
    if unit not in _BYTES:
        raise ValueError(f'"{text.strip()}" is not a size: write it like 256MiB (units: {", ".join(_BYTES)})')
    return int(_positive(text, number) * _BYTES[unit])


def parse_bandwidth(text: str) -> float:
    """Bits per second. Raises ValueError for a bare number or an unknown unit."""
    number, unit = _split(text)
    if unit not in _BITS:
        raise ValueError(f'"{text.strip()}" is not a bandwidth: write it like 5Mbit/s (units: {", ".join(_BITS)})')
    return _positive(text, number) * _BITS[unit]


def parse_cpu(text: str) -> Share:
    """A fraction of the machine (`30%`) or a number of cores (`0.5 cores`). Raises ValueError for anything else."""
    number, unit = _split(text)
    match unit:
        case "%":
            return Share(_percent(text, number), "fraction")
        case "core" | "cores":
            return Share(_positive(text, number), "cores")
    raise ValueError(f'"{text.strip()}" is no share of a processor: write it like 30% (of all cores) or 0.5 cores')


def parse_memory(text: str) -> Share:
    """A fraction of the machine (`30%`) or bytes (`512MiB`). Raises ValueError for anything else."""
    number, unit = _split(text)
    if unit == "%":
        return Share(_percent(text, number), "fraction")
    if unit in _BYTES:
        return Share(float(parse_size(text)), "bytes")
    raise ValueError(f'"{text.strip()}" is no share of memory: write it like 30% (of the machine) or 512MiB')


def parse_percentage(text: str) -> float:
    """A share between none and all, written `2%`. Raises ValueError for anything else."""
    number, unit = _split(text)
    if unit != "%" or not 0 < number < _HUNDRED:
        raise ValueError(f'"{text.strip()}" is not a percentage between 0% and 100%: write it like 2%')
    return number / _HUNDRED


def format_size(count: int) -> str:
    """Bytes in the largest binary unit that keeps the number whole."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if count and count % _BYTES[unit] == 0:
            return f"{count // _BYTES[unit]}{unit}"
    return f"{count}B"


def _split(text: str) -> tuple[float, str]:
    found = _AMOUNT.fullmatch(text.strip())
    return (float(found[1]), (found[2] or "").strip()) if found else (0.0, "")


def _positive(text: str, number: float) -> float:
    if number <= 0:
        raise ValueError(f'"{text.strip()}" is nothing at all: it must be above zero')
    return number


def _percent(text: str, number: float) -> float:
    if not 0 < number <= _HUNDRED:
        raise ValueError(f'"{text.strip()}" is not a share of a machine: it lies above 0% and goes up to 100%')
    return number / _HUNDRED
