"""What PyYAML found wrong, as one of our findings; where it was SQL that YAML cut, with the quoted form."""

import re

import yaml

from slac.diagnostics import Diagnostic, Position, Source, Span
from slac.language.yaml.positions import at, at_index, position
from slac.language.yaml.quoting import quoted

_ENTRY = re.compile(r"^(?P<lead>\s*(?:- +)?)(?P<key>[A-Za-z_][\w.]*):\s+(?P<value>\S.*?)\s*$")
_BARE_ITEM = re.compile(r"^(?P<lead>\s*- +)(?P<value>[\"'\[{*&!%@`>|].*?)\s*$")
_NEEDS_QUOTES = ("'", '"', "[", "{", "*", "&", "!", "%", "@", "`", ">", "|")
_SQL_WORDS = frozenset({"where", "when"})


def syntax_finding(source: Source, error: yaml.YAMLError) -> Diagnostic:
    """The finding for an error that ended the reading of `source`."""
    if isinstance(error, yaml.reader.ReaderError):
        summary = f"the character U+{_code_point(error):04X} may not stand in YAML"
        return Diagnostic(code="yaml/syntax", summary=summary, span=at_index(source, error.position))
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Diagnostic(code="yaml/syntax", summary=f"the text is not YAML: {error}")
    place = _inside(source, position(error.problem_mark))
    problem = error.problem or "unknown problem"
    if "'\\t'" in problem:
        return _tab(source, place)
    return _cut_expression(source, place) or _plain_error(source, place, error, problem)


def _code_point(error: yaml.reader.ReaderError) -> int:
    return error.character if isinstance(error.character, int) else ord(error.character)


def _inside(source: Source, place: Position) -> Position:
    """The same place, or the end of the last line that holds text where the error is past the end of the file."""
    lines = source.text.splitlines()
    if place.line <= len(lines):
        return place
    last = max((n for n, line in enumerate(lines, 1) if line.strip()), default=1)
    return Position(last, len(source.line(last).rstrip()) + 1)


def _tab(source: Source, place: Position) -> Diagnostic:
    return Diagnostic(
        code="yaml/tab",
        summary="a tab is used for indentation, which YAML does not allow",
        span=at(source, place),
        suggestion="indent with blanks",
    )


def _plain_error(source: Source, place: Position, error: yaml.MarkedYAMLError, problem: str) -> Diagnostic:
    context = f" {error.context}" if error.context else ""
    return Diagnostic(
        code="yaml/syntax",
        summary=f"the text is not YAML:{context}{',' if context else ''} {problem}",
        span=at(source, place),
        suggestion=_hint(source.line(place.line), problem),
    )


def _hint(line: str, problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "indent the line like its neighbours, or put quotes around a text that holds a colon"
    if "expected ',' or" in problem and "${" in line:
        return "put quotes around ${…} inside [ ] or { }"
    if "expected ',' or" in problem and "stream end" not in problem:
        return "inside [ ] or { }, put quotes around a text that holds a comma, a colon, a quote or a bracket"
    if "stream end" in problem or "end of stream" in problem:
        return "a quote or a bracket is opened and never closed"
    if "expected <block end>" in problem:
        return "look at the indentation, and at quotes that end before the text does"
    return ""


def _cut_expression(source: Source, place: Position) -> Diagnostic | None:
    """A finding with the quoted form where the line is a word of the language with SQL that YAML cannot take."""
    line = source.line(place.line)
    found = _ENTRY.match(line) or _BARE_ITEM.match(line)
    if found is None:
        return None
    key = found.groupdict().get("key")
    value = found["value"]
    is_sql = key is None or key in _SQL_WORDS or found["lead"].strip() == "-"
    is_cut = value.startswith(_NEEDS_QUOTES) or ": " in value
    if not (is_sql and is_cut) or _still_open(value):
        return None
    shown = f"{found['lead'].strip()} {key + ': ' if key else ''}{quoted(value)}".strip()
    start = Position(place.line, found.start("value") + 1)
    return Diagnostic(
        code="yaml/cut-expression",
        summary="YAML cannot take this SQL without quotes",
        span=Span(source, start, Position(place.line, found.end("value") + 1)),
        suggestion=f"write it as {shown}",
    )


def _still_open(value: str) -> bool:
    """Whether the value opens a flow collection or a quote that goes on in the next line: not SQL, but YAML."""
    pairs = {"[": "]", "{": "}"}
    return (value[0] in pairs and pairs[value[0]] not in value) or (value[0] in "'\"" and value.count(value[0]) == 1)
