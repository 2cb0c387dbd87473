"""The parameters of a document and the values that hold: those that were given, else the defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, get_args

from slac.diagnostics import Diagnostic, Related, Severity, Span, listed, suggest
from slac.language.durations import parse_duration
from slac.language.findings import Findings
from slac.language.machine_decls import ParameterDecl, ParameterType
from slac.language.rates import parse_rate
from slac.language.reading.cursor import Cursor
from slac.language.sizes import parse_size
from slac.language.yaml.nodes import Node, Scalar, walk

_USED: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)")
_TYPES: Final[tuple[ParameterType, ...]] = get_args(ParameterType)
_CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "duration": parse_duration,
    "string": str,
    "int": int,
    "float": float,
    "size": parse_size,
    "rate": parse_rate,
}


def parameter(cursor: Cursor, given: Mapping[str, str], importer: Span | None = None) -> ParameterDecl:
    """One parameter; a value that does not fit its type, or is missing, is a finding, and spoils its place.

    `importer` is the place of another document that gives the values; without one they come from the command line.
    """
    stated, default, described = cursor.get("type"), cursor.get("default"), cursor.get("description")
    type_name = next((name for name in _TYPES if stated is not None and name == stated.text), None)
    default_text = default.text if default is not None else None
    value = given.get(cursor.name, default_text)
    if value is None:
        hint = f"set it with --set {cursor.name}=…, or give it a default"
        cursor.say("language/parameter", f'the parameter "{cursor.name}" has no value', suggestion=hint)
    elif type_name is not None:
        problem = _problem(value, type_name)
        if problem and cursor.name in given:
            _refuse_given(cursor, value, problem, importer)
        elif problem:
            (default or cursor).say("language/parameter", problem)
        if problem:
            cursor.findings.spoil(cursor.steps)
    return ParameterDecl(
        name=cursor.name,
        type=type_name or "string",
        default=default_text,
        value=value or "",
        description=(described.text if described is not None else None) or "",
        span=cursor.key_span,
        path=cursor.path,
    )


def _problem(value: str, type_name: ParameterType) -> str:
    try:
        _CHECKS[type_name](value)
    except ValueError as error:
        told = type_name in ("duration", "size", "rate")
        return str(error) if told else f'"{value}" is not a value of type {type_name}'
    return ""


def _refuse_given(cursor: Cursor, value: str, problem: str, importer: Span | None) -> None:
    """The value is not in this document: what is shown is where it was given, or the parameter that it was given to."""
    told = f"--set {cursor.name}={value}" if importer is None else f'the parameter "{cursor.name}"'
    cursor.findings.diagnostics.append(
        Diagnostic(
            code="language/parameter",
            summary=f"{told}: {problem}",
            span=importer or cursor.key_span,
            path=cursor.path,
            related=() if importer is None else (Related(cursor.key_span, "the parameter is declared here"),),
        )
    )


def check_given(given: Mapping[str, str], declared: Collection[str], span: Span, findings: Findings) -> None:
    """Adds a finding for every value that was given for a parameter which the document does not have."""
    for name in given:
        if name not in declared:
            findings.diagnostics.append(
                Diagnostic(
                    code="language/parameter",
                    summary=f'the document has no parameter "{name}"',
                    span=span,
                    suggestion=suggest(name, declared),
                    details=f"parameters: {listed(declared)}",
                )
            )


def unused_parameters(root: Node, declared: Sequence[ParameterDecl], findings: Findings) -> None:
    """Adds a warning for every parameter that no `${…}` of the document names."""
    used = {name for _, node in walk(root) if isinstance(node, Scalar) for name in _USED.findall(node.text)}
    for one in declared:
        if one.name not in used:
            findings.diagnostics.append(
                Diagnostic(
                    code="language/unused-parameter",
                    severity=Severity.WARNING,
                    summary=f'nothing uses the parameter "{one.name}"',
                    span=one.span,
                    path=one.path,
                    suggestion=f"write ${{{one.name}}} where it belongs, or leave the parameter out",
                )
            )
