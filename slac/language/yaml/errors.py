"""What PyYAML found wrong, as one of our findings; where it was SQL that YAML cut, with the quoted form."""

import re

import yaml

from slac.diagnostics import Diagnostic, Position, Related, Source, Span
from slac.language.yaml.positions import at, at_index, position
from slac.language.yaml.quoting import quoted
from slac.language.yaml.scanning import end_of_expression, is_open

_ENTRY = re.compile(r"^(?P<lead>\s*(?:- +)?)(?P<key>[A-Za-z_][\w.]*):\s+(?P<value>\S.*?)\s*$")
_BARE_ITEM = re.compile(r"^(?P<lead>\s*- +)(?P<value>[\"'\[{*&!%@`>|].*?)\s*$")
_FLOW_ENTRY = re.compile(r"[\[{,]\s*(?:(?P<key>[A-Za-z_]\w*):\s+)?(?P<value>[^\s\[{])")
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
    return (
        _cut_expression(source, place)
        or _cut_in_flow(source, place, problem)
        or _plain_error(source, place, error, problem)
    )


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
    begin = _opening(source, place, error)
    context = f" {error.context}" if error.context else ""
    return Diagnostic(
        code="yaml/syntax",
        summary=f"the text is not YAML:{context}{',' if context else ''} {problem}",
        span=at(source, place),
        suggestion=_hint(source.line(place.line), problem) if begin is None else _unclosed_hint(problem),
        related=() if begin is None else (Related(begin, "it is opened here"),),
    )


def _unclosed_hint(problem: str) -> str:
    if "stream" in problem:
        return "close what is opened above"
    return "close what is opened above, and put quotes around SQL inside it that holds a comma, a colon or a quote"


def _opening(source: Source, place: Position, error: yaml.MarkedYAMLError) -> Span | None:
    """Where the bracket or quote stands that an earlier line opens, and that nothing closes."""
    mark = error.context_mark
    if mark is None or ("flow" not in (error.context or "") and "quoted" not in (error.context or "")):
        return None
    opened = position(mark)
    return at(source, opened) if opened.line < place.line or "stream" in (error.problem or "") else None


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
    start, end = Position(place.line, found.start("value") + 1), Position(place.line, found.end("value") + 1)
    lead = f"{found['lead'].strip()} {key + ': ' if key else ''}".lstrip()
    return _needs_quotes(Span(source, start, end), lead, value)


def _needs_quotes(span: Span, lead: str, value: str) -> Diagnostic:
    return Diagnostic(
        code="yaml/cut-expression",
        summary="YAML cannot take this SQL without quotes",
        span=span,
        suggestion=f"write it as {lead}{quoted(value)}",
    )


def _cut_in_flow(source: Source, place: Position, problem: str) -> Diagnostic | None:
    """The same for SQL inside brackets: the entry of the line that the error stands in."""
    line = source.line(place.line)
    if "expected ',' or" not in problem or "${" in line:
        return None
    for found in _FLOW_ENTRY.finditer(line[: place.column - 1]):
        start = found.start("value")
        whole = line[start : start + end_of_expression(line[start:])].rstrip()
        if start + len(whole) >= place.column and not is_open(whole):
            key = f"{found['key']}: " if found["key"] else ""
            return _needs_quotes(
                Span(source, Position(place.line, start + 1), Position(place.line, start + len(whole) + 1)), key, whole
            )
    return None


def _still_open(value: str) -> bool:
    """Whether the value opens a flow collection or a quote that goes on in the next line: not SQL, but YAML."""
    pairs = {"[": "]", "{": "}"}
    return (value[0] in pairs and pairs[value[0]] not in value) or (value[0] in "'\"" and value.count(value[0]) == 1)
