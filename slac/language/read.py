"""From a source text to a document: YAML, variables, form, units and names, with everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import replace

from slac.diagnostics import Diagnostic, Position, Related, Severity, Source, Span, in_order
from slac.language.cuts import check_cuts
from slac.language.document import DocumentDecl, ParameterDecl
from slac.language.findings import Findings
from slac.language.imports.instances import Loader, Session, parted, unknown_imports
from slac.language.imports.join import joined
from slac.language.reading.audits import audit
from slac.language.reading.calendars import calendar
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.events import event
from slac.language.reading.imports import import_
from slac.language.reading.inputs import input_
from slac.language.reading.machines import logging, node, runtime
from slac.language.reading.parameters import check_given, parameter, unused_parameters
from slac.language.reading.shedding import shed
from slac.language.reading.streams import computation, probe
from slac.language.reading.tables import table
from slac.language.reading.terms import labels, path_of
from slac.language.reading.violations import output, violation
from slac.language.schema import check_schema
from slac.language.substitute import Variables, places, substitute
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import Mapping, Node, Scalar

API_VERSION = "slac/v1"
KIND = "SLA"
_PARAMETERS = ("spec", "parameters")
_SECTIONS = frozenset(
    {"imports", "events", "inputs", "probes", "computations", "audits", "violations", "outputs", "calendars", "tables"}
)


def read_document(
    source: Source,
    *,
    environment: ReadOnly[str, str],
    parameters: ReadOnly[str, str],
    loader: Loader | None = None,
) -> tuple[DocumentDecl | None, list[Diagnostic]]:
    """The document in `source`, or None where it has errors; with all findings, in the order of the text.

    `parameters` are values for `spec.parameters`, as given by the user, and for those of imports (`kube.limit`);
    `environment` serves `${VAR}` after them.
    `loader` gives the documents that it imports; without one it may import none. Never raises for a bad document.
    """
    own, imported = parted(parameters)
    document, found = _alone(source, environment, own, _start(source))
    if document is not None:
        found += unknown_imports(document, imported, _start(source))
    if document is not None and document.imports:
        session = Session(loader, lambda other, given, at: _alone(other, environment, given, at))
        document = joined(session.follow(document, imported))
        found += session.found
    has_errors = any(d.severity is Severity.ERROR for d in found)
    return None if has_errors else document, in_order(found)


def _alone(
    source: Source, environment: ReadOnly[str, str], given: ReadOnly[str, str], at: Span
) -> tuple[DocumentDecl | None, list[Diagnostic]]:
    """One document without what it imports; `at` is where its parameters were given."""
    root, found = compose(source)
    findings = Findings(diagnostics=list(found))
    document = _read(root, source, Variables({}, environment), given, findings, at) if root is not None else None
    has_errors = any(d.severity is Severity.ERROR for d in findings.diagnostics)
    return None if has_errors else document, findings.diagnostics


def _read(
    root: Node, source: Source, outside: Variables, given: ReadOnly[str, str], findings: Findings, at: Span
) -> DocumentDecl | None:
    if not _is_ours(root, source, findings):
        return None
    check_cuts(root, findings)
    declared = _parameters(root, outside, given, findings, None if at.source is source else at)
    check_given(given, [p.name for p in declared], at, findings)
    if declared and at.source is source:
        unused_parameters(root, [p for p in declared if p.name not in given], findings)
    values = {p.name: _filling(p, given, findings) for p in declared}
    filled = substitute(root, Variables(values, outside.environment), findings, skip=_PARAMETERS)
    check_schema(filled, findings)
    _check_names(Cursor(filled, filled.span, (), findings))
    document = _document(Cursor(filled, filled.span, (), findings), source, declared)
    return replace(document, filled=dict(places(root, skip=_PARAMETERS)))


def _is_ours(root: Node, source: Source, findings: Findings) -> bool:
    """Whether this is a document of a version and kind that slac reads; other kinds have another form."""
    if not isinstance(root, Mapping):
        findings.add("schema/wrong-type", "an SLA document is a mapping of keys to values", (), _start(source))
        return False
    for key, known in (("apiVersion", API_VERSION), ("kind", KIND)):
        value = root.get(key)
        if isinstance(value, Scalar) and value.text != known:
            if value.text == "Test":
                findings.add(
                    "schema/version", "this file holds tests", (key,), value.span, suggestion="slac test runs it"
                )
                return False
            summary = f'"{value.text}" is not one that slac reads'
            findings.add("schema/version", summary, (key,), value.span, suggestion=f"write {key}: {known}")
            return False
    return True


def _start(source: Source) -> Span:
    return Span(source, Position(1, 1), Position(1, 2))


def _filling(declared: ParameterDecl, given: ReadOnly[str, str], findings: Findings) -> str | None:
    """What `${name}` is filled with; None for a value of which a finding has told all."""
    spoiled = findings.is_spoiled((*_PARAMETERS, declared.name))
    return None if spoiled else given.get(declared.name, declared.default)


def _parameters(
    root: Node, outside: Variables, given: ReadOnly[str, str], findings: Findings, importer: Span | None
) -> tuple[ParameterDecl, ...]:
    """The parameters; their defaults may name variables of the environment, but not each other."""
    spec = root.get("spec") if isinstance(root, Mapping) else None
    section = spec.get("parameters") if isinstance(spec, Mapping) else None
    if section is None:
        return ()
    filled = substitute(section, outside, findings, _PARAMETERS)
    return each(Cursor(filled, section.span, _PARAMETERS, findings), lambda c: parameter(c, given, importer))


def _check_names(root: Cursor) -> None:
    """Adds a finding for every block or type whose name another one has already."""
    spec = root.get("spec")
    seen: dict[str, Cursor] = {}
    for section in spec.entries() if spec is not None else ():
        for entry in section.entries() if section.name in _SECTIONS else ():
            first = seen.setdefault(entry.name, entry)
            if first is not entry:
                root.findings.add(
                    "names/duplicate-block",
                    f'the name "{entry.name}" is taken by {first.path}',
                    entry.steps,
                    entry.key_span,
                    suggestion="give one of them another name: blocks and types share their names",
                    related=(Related(first.key_span, "it stands here first"),),
                )


def _document(root: Cursor, source: Source, parameters: tuple[ParameterDecl, ...]) -> DocumentDecl:
    metadata, spec = root.get("metadata") or root.empty("metadata"), root.get("spec") or root.empty("spec")
    name, all_labels = metadata.get("name"), labels(metadata.get("labels"))
    logs, machine, shared = logging(spec), runtime(spec), shed(spec)
    return DocumentDecl(
        name=(name.text if name is not None else None) or "",
        labels=all_labels,
        parameters=parameters,
        events=each(spec.get("events"), event),
        inputs=each(spec.get("inputs"), lambda c: input_(c, shared)),
        tables=each(spec.get("tables"), table),
        probes=each(spec.get("probes"), probe),
        computations=each(spec.get("computations"), computation),
        audits=each(spec.get("audits"), audit),
        violations=each(spec.get("violations"), violation),
        outputs=each(spec.get("outputs"), output),
        logging=logs,
        runtime=machine,
        placement=each(spec.get("placement"), lambda c: node(c, machine.budget)),
        defaults=tuple(root.findings.defaults),
        source=source,
        imports=each(spec.get("imports"), import_),
        functions=path_of(spec.get("functions")),
        calendars=each(spec.get("calendars"), calendar),
        span=name.key_span if name is not None else root.key_span,
    )
