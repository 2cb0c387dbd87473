"""From errors of the JSON Schema to findings with a place, what is allowed, and a suggestion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import ValidationError
from jsonschema.exceptions import best_match

from slac.diagnostics import Span, listed, nearest, suggest
from slac.language.findings import Findings
from slac.language.units import complaint
from slac.language.yaml.nodes import Items, Node, Scalar, Steps, find
from slac.language.yaml.quoting import quoted

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """One error of the schema: the keyword that failed, what it wanted, and the part of the tree that it is about."""

    keyword: str
    wanted: Any
    instance: Any
    rules: Mapping[str, Any]
    message: str
    node: Node
    key_span: Span
    steps: Steps


def report(error: ValidationError, root: Node, findings: Findings) -> None:
    """Adds the findings for one error; what a more telling finding covers already is left out."""
    rules = error.schema if isinstance(error.schema, dict) else {}
    best = best_match(error.context) if error.context and "x-hint" not in rules else None
    if best is not None:
        report(best, root, findings)
        return
    steps: Steps = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        _bad_name(str(error.instance), root, steps, findings)
        return
    node, key_span = find(root, steps)
    fault = _Fault(
        keyword=str(error.validator),
        wanted=error.validator_value,
        instance=error.instance,
        rules=rules,
        message=error.message,
        node=node,
        key_span=key_span,
        steps=steps,
    )
    _HANDLERS.get(fault.keyword, _other)(fault, findings)


def _bad_name(name: str, root: Node, steps: Steps, findings: Findings) -> None:
    where = (*steps, name)
    findings.add(
        "names/bad-name",
        f'"{name}" is not a name',
        where,
        find(root, where)[1],
        details="a name is made of letters, digits and underscores, and begins with a letter",
    )


def _unknown_keys(fault: _Fault, findings: Findings) -> None:
    properties: Mapping[str, Any] = fault.rules.get("properties", {})
    allowed = [key for key, rules in properties.items() if "x-not-built" not in rules]
    for key in fault.instance:
        if key in properties:
            continue
        findings.add(
            "schema/unknown-key",
            f'unknown key "{key}"',
            (*fault.steps, key),
            find(fault.node, (key,))[1],
            suggestion=suggest(key, allowed),
            details=f"allowed here: {listed(allowed, limit=20)}",
        )
        findings.spoil((*fault.steps, key))


def _missing_keys(fault: _Fault, findings: Findings) -> None:
    properties: Mapping[str, Any] = fault.rules.get("properties", {})
    present = set(fault.instance)
    if any("x-not-built" in properties.get(key, {}) for key in present):
        # The unbuilt word stands in place of what seems to be missing.
        return
    closed = fault.rules.get("additionalProperties") is False
    for key in fault.wanted:
        if key not in present and not (closed and _misspelled(key, present, properties)):
            findings.add(
                "schema/missing-key",
                f'the key "{key}" is missing',
                fault.steps,
                _head(fault.node, fault.key_span),
                suggestion="" if closed else _mistaken(key, present, properties),
                details=f"{key}: {_first_sentence(properties.get(key, {}))}",
            )


def _mistaken(key: str, present: Iterable[str], properties: Mapping[str, Any]) -> str:
    """A question where a key that was taken for a setting of the adapter seems to stand for `key`."""
    settings = (other for other in present if other not in properties and nearest(other, properties) == key)
    return next((f'is "{other}", taken for a setting of the adapter, meant as "{key}"?' for other in settings), "")


def _misspelled(key: str, present: Iterable[str], properties: Mapping[str, Any]) -> bool:
    """Whether an unknown key, of which a suggestion is told already, seems to stand for `key`."""
    return any(nearest(other, properties) == key for other in present if other not in properties)


def _head(node: Node, key_span: Span) -> Span:
    """The key's place; for the root or an item of a list, where it begins."""
    if key_span != node.span:
        return key_span
    return _value_head(node)


def _wrong_type(fault: _Fault, findings: Findings) -> None:
    rules = fault.rules
    wanted = [fault.wanted] if isinstance(fault.wanted, str) else list(fault.wanted)
    findings_place = _head(fault.node, fault.key_span) if _is_nothing(fault.node) else _value_head(fault.node)
    if _kind(fault.instance) in rules.get("x-not-built-types", ()):
        _not_built(findings, f"{_KINDS[_kind(fault.instance)]} in this place", fault.steps, findings_place)
    elif "x-unit" in rules and isinstance(fault.node, Scalar) and fault.node.text:
        findings.add("language/unit", complaint(rules["x-unit"], fault.node.text), fault.steps, fault.node.span)
    else:
        hint = _type_hint(fault.node, wanted)
        findings.add(
            "schema/wrong-type",
            f"expected {' or '.join(_KINDS[kind] for kind in wanted)}, found {_KINDS[_kind(fault.instance)]}",
            fault.steps,
            findings_place,
            suggestion=hint,
            details="" if hint else _told(rules),
        )
    findings.spoil(fault.steps)


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.text


def _value_head(node: Node) -> Span:
    """The place of a value: all of a scalar, the first key or item of something larger."""
    match node:
        case Scalar():
            return node.span
        case Items(items=[first, *_]):
            return _value_head(first)
        case Items():
            return node.span
    return node.entries[0][0].span if node.entries else node.span


def _type_hint(node: Node, wanted: list[str]) -> str:
    if isinstance(node, Scalar) and node.value is not None and "string" in wanted:
        return f"put it in quotes: {quoted(node.text)}"
    if isinstance(node, Scalar) and node.text and "array" in wanted:
        return f"write it as a list: [{node.text}]"
    return ""


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _bad_value(fault: _Fault, findings: Findings) -> None:
    rules = fault.rules
    allowed = [str(v) for v in (fault.wanted if fault.keyword == "enum" else [fault.wanted])]
    found = fault.node.text if isinstance(fault.node, Scalar) else _KINDS[_kind(fault.instance)]
    if found in rules.get("x-not-built-values", ()):
        _not_built(findings, f'"{found}"', fault.steps, _value_head(fault.node))
    else:
        details = f"allowed: {listed(allowed)}"
        suggestion = suggest(found, allowed)
        findings.add(
            "schema/bad-value",
            f'"{found}" is not allowed',
            fault.steps,
            _value_head(fault.node),
            suggestion=suggestion,
            details=details,
        )
    findings.spoil(fault.steps)


def _no_match(fault: _Fault, findings: Findings) -> None:
    rules = fault.rules
    found = fault.node.text if isinstance(fault.node, Scalar) else ""
    if found in rules.get("x-not-built-values", ()):
        _not_built(findings, f'"{found}"', fault.steps, fault.node.span)
    else:
        findings.add(
            "schema/bad-value", f'"{found}" is not allowed', fault.steps, fault.node.span, suggestion=_told(rules)
        )
    findings.spoil(fault.steps)


def _never(fault: _Fault, findings: Findings) -> None:
    rules = fault.rules
    if "x-not-built" in rules:
        _not_built(findings, f'"{fault.steps[-1]}"', fault.steps, fault.key_span, rules.get("description", ""))
        findings.spoil(fault.steps)
    else:
        _other(fault, findings)


def _one_of(fault: _Fault, findings: Findings) -> None:
    findings.add("schema/missing-key", _told(fault.rules), fault.steps, _head(fault.node, fault.key_span))


def _other(fault: _Fault, findings: Findings) -> None:
    told = _told(fault.rules) or fault.message
    place = fault.node.span if isinstance(fault.node, Scalar) else _head(fault.node, fault.key_span)
    findings.add(
        "schema/bad-value", f"this value is not allowed here: {_limit(fault)}", fault.steps, place, suggestion=told
    )
    findings.spoil(fault.steps)


def _limit(fault: _Fault) -> str:
    texts = {
        "minItems": "the list is empty",
        "minProperties": "the mapping is empty",
        "maxProperties": "it has more than one key",
        "minimum": f"it must be at least {fault.wanted}",
    }
    return texts.get(str(fault.keyword), fault.message)


def _told(rules: Mapping[str, Any]) -> str:
    return str(rules.get("x-hint") or _first_sentence(rules))


def _first_sentence(rules: Mapping[str, Any]) -> str:
    """What a description says first; the rest is for the reference."""
    first, dot, _ = str(rules.get("description") or "").partition(". ")
    return first + dot.strip()


def _not_built(findings: Findings, what: str, steps: Steps, span: Span, meaning: str = "") -> None:
    findings.add(
        "language/not-built",
        f"{what} is part of the language, but not built yet",
        steps,
        span,
        details=meaning,
    )


_HANDLERS: Mapping[str, Callable[[_Fault, Findings], None]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _bad_value,
    "const": _bad_value,
    "pattern": _no_match,
    "not": _never,
    "oneOf": _one_of,
}
