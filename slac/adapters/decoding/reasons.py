"""The reason why a record does not comply, as a short phrase with its place.

For example `payload.duration_ms: expected float, got string`.
"""

import re

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"^Expected `(?P<want>[^`]+)`(?P<bound> [<>]=.*)?(?:, got `(?P<got>[^`]+)`)?$")
_ENUM = re.compile(r"^Invalid enum value (?P<got>.*)$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$")
_WORDS = {"str": "string", "array": "list"}
_STRANGE = " is none of the values that the type declares"
_INSTANT = frozenset({"int", "float", "str"})


def reason(error: Exception) -> str:
    """What msgspec (or Python) said about one line, in the words of the language."""
    match error:
        case UnicodeDecodeError():
            return "not JSON: the text is not UTF-8"
        case RecursionError():
            return "not JSON that can be read: it is nested too deeply"
    found = _AT.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    if missing := _MISSING.match(what):
        return f"{_join(path, missing['name'])}: missing"
    if unknown := _UNKNOWN.match(what):
        return f"{_join(path, unknown['name'])}: not declared"
    if expected := _EXPECTED.match(what):
        return f"{path or 'record'}: {_mismatch(expected)}"
    if strange := _ENUM.match(what):
        return f"{path}: {strange['got']}{_STRANGE}"
    if path:
        return f"{path}: {what[0].lower()}{what[1:]}"
    return f"not JSON: {_syntax(what)}"


def without_values(text: str) -> str:
    """A reason without the value that it shows, where it shows one."""
    path, _, rest = text.partition(": ")
    return f"{path}: the value{_STRANGE}" if rest.endswith(_STRANGE) else text


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _mismatch(expected: re.Match[str]) -> str:
    if expected["bound"]:
        return "the number does not fit 64 bits"
    return f"expected {_type_name(expected['want'])}, got {_type_name(expected['got'] or 'something else')}"


def _type_name(text: str) -> str:
    parts = [p for p in text.split(" | ") if p != "null"]
    if len(parts) > 1 and set(parts) == _INSTANT:
        return "RFC 3339 text or an integer"
    return " or ".join(_WORDS.get(p, p) for p in parts) or "null"


def _syntax(what: str) -> str:
    text = what.removeprefix("JSON is malformed: ")
    return "the line ends too early" if text == "Input data was truncated" else text
