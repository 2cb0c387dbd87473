"""From the bytes of a file to a source text."""

from slac.diagnostics import Diagnostic, Source
from slac.language.yaml.positions import at_index

MAX_BYTES = 4_000_000
"""Larger files are refused before they are decoded."""


def decode(name: str, data: bytes) -> tuple[Source | None, list[Diagnostic]]:
    """The text of a file that the user calls `name`; a byte order mark is dropped. Never raises."""
    if len(data) > MAX_BYTES:
        summary = f"{name} has {len(data)} bytes; slac reads documents of up to {MAX_BYTES}"
        return None, [Diagnostic(code="yaml/too-large", summary=summary, span=at_index(Source(name, ""), 0))]
    try:
        return Source(name, data.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        return None, [_not_utf8(name, data, error)]


def _not_utf8(name: str, data: bytes, error: UnicodeDecodeError) -> Diagnostic:
    shown = Source(name, data.decode("utf-8", errors="replace"))
    offset = len(data[: error.start].decode("utf-8", errors="replace"))
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return Diagnostic(
        code="yaml/encoding",
        summary=f"{name} is not UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start}",
        span=at_index(shown, offset),
        suggestion="the file is UTF-16: save it as UTF-8" if wide else "save it as UTF-8",
    )
