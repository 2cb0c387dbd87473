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
        "names/ambiguous-column": "A column name that could be several columns",
        "names/bad-name": "A block or type name is not a plain name",
        "names/duplicate-block": "Two blocks or types of a document have the same name",
        "names/unknown-column": "A column that the stream does not have",
        "names/unknown-function": "A function that the language does not have",
        "schema/bad-value": "A value is none of those that are allowed here",
        "schema/missing-key": "A key that is required is missing",
        "schema/unknown-key": "A key that the language does not know here",
        "schema/version": "`apiVersion` or `kind` is not one that slac reads",
        "schema/wrong-type": "A value has the wrong shape: text for a mapping, a list for a number",
        "sql/bad-literal": "A constant that cannot be what it is meant to be: too large, no unit, no regular expression",
        "sql/empty": "An SQL expression is missing",
        "sql/not-allowed": "Something of SQL that the language does not take",
        "sql/quotes": "Quotes that do not make a text",
        "sql/syntax": "The text is not an SQL expression",
        "sql/too-deep": "An SQL expression is too long or nested too deeply",
        "types/aggregate-here": "An aggregate where there is no group of rows",
        "types/arguments": "A function with the wrong number of arguments",
        "types/mismatch": "Values of types that do not go together",
        "types/nested-aggregate": "An aggregate inside another aggregate",
        "types/not-aggregated": "A column outside an aggregate that is not part of the key",
        "types/not-boolean": "A condition that is neither true nor false",
        "types/not-constant": "An argument that must be a constant",
        "types/unknown-type": "A type that the language does not have",
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
