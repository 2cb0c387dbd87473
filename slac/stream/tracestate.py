"""What OpenTelemetry's samplers leave in the `tracestate` of a span (OTEP 235): `ot=th:…;rv:…`.

A span was kept because the randomness R of its trace, 56 bits, is at least the threshold T (`th`, up to 14 hexadecimal
digits, whose zeros at the end are left out), so it stands for 2⁵⁶/(2⁵⁶ − T) spans. R is `rv`, 14 digits, else the low
56 bits of the trace id. Texts are W3C headers, or what the console exporter of the SDK for Python prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

BITS: Final = 56
RANGE: Final = 1 << BITS
RANDOMNESS: Final = "_randomness"
"""Column (UInt64), between the decoder and the gate: R where `rv` says it, else NULL."""
_HEX: Final = 14
STOOD: Final = "_stood"
"""Column (UInt64), between the decoder and the gate: what a span stood for when it came, in multiples of 2⁻²⁰."""
_LONGEST: Final = 256
"""Characters of a whole entry."""
_ENTRY: Final = r"(?:^|,)[ \t]*ot=([^,]*?)[ \t]*(?:,|$)"
_PRINTED: Final = r"\{key=ot, value=([^}]*)\}"
_MEMBERS: Final = "^(?:[a-z][a-z0-9]*:[A-Za-z0-9._-]*)(?:;[a-z][a-z0-9]*:[A-Za-z0-9._-]*)*$"

_BEGIN: Final = r"(?:(?:^|,)[ \t]*ot=|\{key=ot, value=)"
_HEADER: Final = rf"{_BEGIN}(?:[^;,}}]*;)*?"
_THRESHOLD: Final = rf"({_HEADER})th:[^;,}}]*"

Numbers = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sampling:
    """By row: T (0 where it is not known), R as `rv` says it (0 where it does not), and which of them are there.

    `malformed`: the entry says a `th` or an `rv` that is none, or is no entry at all; that part is left out.
    """

    thresholds: Numbers
    explicit: Numbers
    has_threshold: Mask
    has_explicit: Mask
    malformed: Mask


def sampling(tracestates: pl.Series) -> Sampling:
    """What a column of texts (String) says."""
    distinct = tracestates.unique(maintain_order=True)
    if len(distinct) * 2 > len(tracestates):
        return _parsed(tracestates)
    # Where nothing but `th` is said, a sampler says the same of all.
    places = pl.DataFrame([distinct.alias("text"), pl.Series("place", np.arange(len(distinct)))])
    text = tracestates.alias("text").to_frame()
    at = text.join(places, on="text", how="left", nulls_equal=True, maintain_order="left")["place"].to_numpy()
    found = _parsed(distinct)
    return Sampling(*(getattr(found, name)[at] for name in Sampling.__slots__))


def _parsed(tracestates: pl.Series) -> Sampling:
    text = pl.col("text")
    entry = pl.coalesce(text.str.extract(_ENTRY), text.str.extract(_PRINTED))
    entries = tracestates.alias("text").to_frame().select(pl.when(entry != "").then(entry).alias("entry"))
    sound = (pl.col("entry").str.len_bytes() <= _LONGEST) & pl.col("entry").str.contains(_MEMBERS)
    parts = entries.select(
        pl.when(sound).then(pl.col("entry").str.extract("(?:^|;)th:([^;]*)")).alias("th"),
        pl.when(sound).then(pl.col("entry").str.extract("(?:^|;)rv:([^;]*)")).alias("rv"),
        (pl.col("entry").is_not_null() & ~sound).fill_null(value=False).alias("broken"),
    )
    threshold, odd_threshold = _number(parts["th"], "^[0-9a-fA-F]{1,14}$")
    explicit, odd_explicit = _number(parts["rv"], "^[0-9a-fA-F]{14}$")
    return Sampling(
        thresholds=threshold.fill_null(0).to_numpy(),
        explicit=explicit.fill_null(0).to_numpy(),
        has_threshold=threshold.is_not_null().to_numpy(),
        has_explicit=explicit.is_not_null().to_numpy(),
        malformed=odd_threshold | odd_explicit | parts["broken"].to_numpy(),
    )


def of_trace_ids(ids: pl.Series) -> tuple[Numbers, Mask]:
    """The low 56 bits of trace ids (String, hexadecimal), and which of them are such."""
    digits = ids.str.slice(-_HEX).str.to_integer(base=16, strict=False, dtype=pl.UInt64)
    known = ids.str.contains("^(?:0x)?[0-9a-fA-F]{14,}$") & digits.is_not_null()
    return digits.fill_null(0).to_numpy(), known.fill_null(value=False).to_numpy()


def threshold_text(threshold: int) -> str:
    """As `th` has it: without zeros at the end."""
    return f"{threshold:0{_HEX}x}".rstrip("0") or "0"


def _number(digits: pl.Series, form: str) -> tuple[pl.Series, Mask]:
    """Numbers (UInt64, NULL where there are none), and where something else stands."""
    fine = digits.str.contains(form)
    padded = digits.set(~fine.fill_null(value=False), None).str.pad_end(_HEX, "0")
    return padded.str.to_integer(base=16, dtype=pl.UInt64), (~fine).fill_null(value=False).to_numpy()


def raised(tracestates: pl.Series, thresholds: Numbers) -> pl.Series:
    """Texts whose `th` is at least these thresholds, as a sampler behind another one leaves them.

    Where no `th` is said, none is added: how many such a span stood for before is not known.
    """
    distinct, places = np.unique(thresholds, return_inverse=True)
    words = pl.Series([threshold_text(int(t)) for t in distinct], dtype=pl.String)[places]
    found = sampling(tracestates)
    higher = pl.Series(found.has_threshold & (thresholds > found.thresholds))
    frame = pl.DataFrame([tracestates.alias("text"), ("${1}th:" + words).alias("said")])
    put = frame.select(pl.col("text").str.replace(_THRESHOLD, pl.col("said"))).to_series()
    return put.zip_with(higher, tracestates).alias(tracestates.name)


def erased(tracestates: pl.Series) -> pl.Series:
    """Texts without `th`: of a span that was chosen by something else, too, it would tell too little."""
    text = pl.col(tracestates.name)
    # First with what follows it, then what is the last, then what is the only one.
    rest = text.str.replace(rf"({_HEADER})th:[^;,}}]*;", "${1}")
    rest = rest.str.replace(rf"({_BEGIN}[^;,}}]*(?:;[^;,}}]*)*?);th:[^;,}}]*", "${1}")
    rest = rest.str.replace(r"(^|,)[ \t]*ot=th:[^;,]*(?:,|$)", "${1}").str.replace(
        r"(\{key=ot, value=)th:[^;,}]*", "${1}"
    )
    return tracestates.to_frame().select(rest.str.strip_chars_end(",")).to_series()
