"""Names: a column, a column of a join alias, a field of a struct; and what to say where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from slac.compiler.sql.context import Context, Place, Rule
from slac.diagnostics import listed, suggest
from slac.plan.expressions import AnyExpr, FieldOf
from slac.plan.signatures import MAP
from slac.stream.types import Struct

__all__ = ["RULES"]

_META: Mapping[str, str] = MappingProxyType(
    {
        "_time": "the time of a row is EVENT_TIME()",
        "_window_start": "write window_start",
        "_window_end": "write window_end",
        "window_start": "only rows of a window have it",
        "window_end": "only rows of a window have it",
    }
)
_CLOCKS = frozenset({"current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"})


def _parts(node: exp.Expr) -> list[exp.Identifier]:
    """The identifiers of a dotted name, from left to right."""
    match node:
        case exp.Dot():
            return [*_parts(node.this), *_parts(node.expression)]
        case exp.Column():
            return [part for part in node.parts if isinstance(part, exp.Identifier)]
        case exp.Identifier():
            return [node]
        case _:
            return []


def _root(node: exp.Expr) -> exp.Expr:
    """What the names behind the dots belong to."""
    while isinstance(node, exp.Dot):
        node = node.this
    return node


def _column(node: exp.Column | exp.Dot, context: Context) -> AnyExpr | None:
    parts, root = _parts(node), _root(node)
    if isinstance(root, exp.Bracket | exp.Paren):
        base = context.visit(root)
        return None if base is None else _fields(base, parts, context)
    if not parts:
        context.error("sql/not-allowed", f"{context.text(node)} is no column", node)
        return None
    names = [part.name for part in parts]
    found = _resolve(names, parts, context)
    if found is not None and context.place is Place.GROUP and not _is_key(names, context):
        written = ".".join(names)
        context.error(
            "types/not-aggregated",
            f'"{written}" differs between the rows of a group',
            node,
            f'write LAST({written}), or add {written} to "by"',
        )
    return found


def _is_key(names: Sequence[str], context: Context) -> bool:
    return any(".".join(names[:n]) in context.scope.keys for n in range(1, len(names) + 1))


def _resolve(names: Sequence[str], parts: Sequence[exp.Identifier], context: Context) -> AnyExpr | None:
    scope = context.scope
    alias = scope.qualified.get(names[0]) if len(names) > 1 else None
    if alias is not None and names[1] in alias:
        return _fields(alias[names[1]], parts[2:], context)
    if names[0] in scope.ambiguous:
        choices = scope.ambiguous[names[0]]
        context.error(
            "names/ambiguous-column", f'"{names[0]}" could be {" or ".join(choices)}', parts[0], f"write {choices[0]}"
        )
        return None
    if names[0] in scope.columns:
        return _fields(scope.columns[names[0]], parts[1:], context)
    if alias is not None:
        _unknown_in_alias(names[0], parts[1], alias, context)
    else:
        _unknown(names, parts[0], context)
    return None


def _fields(base: AnyExpr, parts: Sequence[exp.Identifier], context: Context) -> AnyExpr | None:
    for part in parts:
        match base.dtype:
            case Struct(fields=fields):
                found = next((f for f in fields if f.name == part.name), None)
                known = [f.name for f in fields]
            case _:
                found, known = None, []
        if found is None:
            detail = f"fields: {listed(known)}" if known else f"it is {base.dtype}, which has no fields"
            hint = f"write ['{part.name}'] behind the map" if base.dtype == MAP else suggest(part.name, known)
            context.error("names/unknown-column", f'no field "{part.name}"', part, hint, detail)
            return None
        base = FieldOf(base=base, name=found.name, dtype=found.dtype, nullable=base.nullable or found.nullable)
    return base


def _unknown_in_alias(alias: str, part: exp.Identifier, columns: Mapping[str, AnyExpr], context: Context) -> None:
    context.error(
        "names/unknown-column",
        f'no column "{part.name}" in "{alias}"',
        part,
        suggest(part.name, columns),
        f'columns of "{alias}": {listed(columns)}',
    )


def _unknown(names: Sequence[str], part: exp.Identifier, context: Context) -> None:
    name, scope = names[0], context.scope
    if name in scope.hidden:
        context.error("patterns/tag", f'the tag "{name}" cannot be used here', part, "", scope.hidden[name])
        return
    details = f"columns of {scope.stream}: {listed(scope.names())}"
    if part.args.get("quoted"):
        context.error(
            "sql/quotes", f'no column "{name}": double quotes make a name', part, f"text is '{name}'", details
        )
        return
    if name.lower() in _CLOCKS:
        context.error("sql/not-allowed", f"{name} reads the clock", part, "the time of a row is EVENT_TIME()")
        return
    context.error("names/unknown-column", f'no column "{name}"', part, _hint(names, context), details)


def _hint(names: Sequence[str], context: Context) -> str:
    name, scope = names[0], context.scope
    if name in _META:
        return _META[name]
    elsewhere = [f"{alias}.{name}" for alias, columns in scope.qualified.items() if name in columns]
    if elsewhere:
        return f'did you mean "{elsewhere[0]}"?'
    near = suggest(".".join(names), scope.names())
    return near or ("" if len(names) > 1 else f"text takes quotes: '{name}'")


RULES: Final[Mapping[type[exp.Expr], Rule]] = MappingProxyType(
    {
        exp.Column: Rule(frozenset({"this", "table", "db", "catalog"}), _column),
        exp.Dot: Rule(frozenset({"this", "expression"}), _column),
    }
)
