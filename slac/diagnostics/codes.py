"""Every diagnostic code with its one-line title; `docs/diagnostics/` has a page for each (`/` becomes `-`)."""

from collections.abc import Mapping
from types import MappingProxyType

# One code a line, sorted: a test says so, and two people can add codes without a conflict.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "language/not-built": "The language has this word, but it is not built yet",
        "language/parameter": "A parameter is unknown, or its value does not fit its type",
        "language/unit": "A duration, rate, size, share or window is not written as it should be",
        "language/variable": "A `${…}` names nothing that is set, or is not written as it should be",
        "names/bad-name": "A block or type name is not a plain name",
        "names/duplicate-block": "Two blocks or types of a document have the same name",
        "schema/bad-value": "A value is none of those that are allowed here",
        "schema/missing-key": "A key that is required is missing",
        "schema/unknown-key": "A key that the language does not know here",
        "schema/version": "`apiVersion` or `kind` is not one that slac reads",
        "schema/wrong-type": "A value has the wrong shape: text for a mapping, a list for a number",
        "yaml/alias": "An alias without an anchor, or so many of them that the document explodes",
        "yaml/cut-expression": "YAML cut an SQL expression short: it needs quotes",
        "yaml/duplicate-key": "A key stands twice in the same mapping",
        "yaml/empty": "The file holds no document",
        "yaml/encoding": "The file is not UTF-8 text",
        "yaml/many-documents": "The file holds more than one YAML document",
        "yaml/syntax": "The text is not YAML",
        "yaml/tab": "A tab is used for indentation",
        "yaml/tag": "A YAML tag (`!name`) that slac does not take",
        "yaml/too-large": "The document is too large or nested too deeply",
    }
)


def page_of(code: str) -> str:
    """The file name of a code's page in `docs/diagnostics/`."""
    return code.replace("/", "-") + ".md"
