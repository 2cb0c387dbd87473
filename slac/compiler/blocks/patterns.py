"""A pattern becomes one node: a port for each stream, every condition typed where its tags are known."""

from __future__ import annotations

from collections.abc import Sequence

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.emits import conforming
from slac.compiler.blocks.expressions import columns, fields_of
from slac.compiler.blocks.pattern_scopes import Port, Tag, texts_of
from slac.compiler.sql import Scope
from slac.compiler.sql.scope import column_of
from slac.diagnostics import listed, suggest
from slac.language.pattern_decls import AtomDecl, PatternDecl
from slac.language.patterns import arrays, pattern_text, tags, twice
from slac.language.patterns.waits import endless
from slac.language.terms import Ref
from slac.plan.expressions import NamedExpr
from slac.plan.nodes import AnyNode, PatternNode, TagSpec
from slac.plan.signatures import widened
from slac.stream.types import Field, Schema

_MOST_ATOMS = 60


def lower_pattern(block: PatternDecl, lowering: Lowering) -> None:
    """One `PatternNode`, whose ports are the streams of the atoms, each once, in text order."""
    refs = {a.stream.name: a.stream for a in reversed(block.atoms)}
    names = list(dict.fromkeys(a.stream.name for a in block.atoms))
    streams = {n: lowering.stream(block, refs[n]) for n in names}
    found = {n: s for n, s in streams.items() if s is not None}
    before = len(lowering.found)
    _check_tags(block, lowering)
    _check_ends(block, lowering)
    if not names or len(found) < len(names):
        return
    keys = _keys(block, lowering, found)
    ports = [Port(node=found[n], name=n, event=lowering.event(refs[n])) for n in names]
    of_atoms = [names.index(a.stream.name) for a in block.atoms]
    texts, bound = texts_of(block, lowering, [ports[p] for p in of_atoms])
    selected = _selected(block, lowering, keys, bound)
    if len(lowering.found) > before:
        return
    specs = _specs(block, of_atoms)
    lowering.add(
        PatternNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=tuple(found[n].id for n in names),
            schema=Schema((*keys, *fields_of(selected))),
            depth=lowering.depth(block, *found.values()),
            keys=tuple(k.name for k in keys),
            pattern=block.tree,
            texts=tuple(t for t in texts if t is not None),
            ports=tuple(of_atoms),
            depths=tuple(found[n].depth for n in names),
            tags=specs,
            columns=selected,
            within=block.within_us,
            limit=block.limit,
            # A key must outlive what may still be open in it.
            retain=max(block.retain_us, block.within_us or 0),
        )
    )


def _specs(block: PatternDecl, of_atoms: Sequence[int]) -> tuple[TagSpec, ...]:
    repeated = arrays(block.tree)
    port = {a.tag: p for a, p in zip(block.atoms, of_atoms, strict=True) if a.tag is not None}
    return tuple(TagSpec(name=t, port=port[t], array=t in repeated) for t in tags(block.tree))


def _check_tags(block: PatternDecl, lowering: Lowering) -> None:
    """A tag stands for one stream: twice it may stand in branches of an `or` that read the same."""
    if len(block.atoms) > _MOST_ATOMS:
        lowering.say("patterns/syntax", f"a pattern has at most {_MOST_ATOMS} events", block.atoms[_MOST_ATOMS])
    if not block.atoms:
        lowering.say(
            "patterns/syntax",
            "a pattern needs an event: timers alone have no stream whose time they could follow",
            block.pattern,
            suggestion="add one, for example every (timer:interval(5m) and not Heartbeat)",
        )
    first: dict[str, AtomDecl] = {}
    repeated = frozenset(twice(block.tree))
    for atom in block.atoms:
        if atom.tag is None:
            continue
        other = first.setdefault(atom.tag, atom)
        if other is not atom and (other.stream.name != atom.stream.name or atom.tag in repeated):
            lowering.say(
                "patterns/tag",
                f'the tag "{atom.tag}" stands for "{other.stream.name}" already',
                atom,
                details="a tag may stand twice only for the same stream, in two branches of an `or`",
            )


def _check_ends(block: PatternDecl, lowering: Lowering) -> None:
    for wait in endless(block.tree):
        bounded = block.limit is not None or (wait.within_helps and block.within_us is not None)
        if not bounded:
            longest = '"within" (as in within: 10m), or "limit"' if wait.within_helps else '"limit"'
            lowering.say(
                "bounds/pattern-unbounded",
                f'"{pattern_text(wait.pattern)}" may wait for ever: {wait.why}',
                block.pattern,
                suggestion=f"say {longest} (as in limit: 1000)",
            )
            return


def _keys(block: PatternDecl, lowering: Lowering, found: dict[str, AnyNode]) -> tuple[Field, ...]:
    """The key columns, which all streams have, of one type."""
    (name, first), *others = found.items()
    keys = lowering.keys(block.by, first.schema, name)
    for other, node in others:
        for key, ref in zip(keys, block.by, strict=False):
            _check_key(lowering, key, ref, name, other, node)
    return tuple(Field(k.name, k.dtype, nullable=False) for k in keys)


def _check_key(lowering: Lowering, key: Field, ref: Ref, name: str, other: str, node: AnyNode) -> None:
    if key.name not in node.schema:
        lowering.say(
            "names/unknown-column",
            f'"{other}" has no column "{key.name}"; a pattern needs its `by` columns in all its streams',
            ref,
            suggestion=suggest(key.name, node.schema.names),
            details=f'columns of "{other}": {listed(node.schema.names)}',
        )
    elif widened(node.schema[key.name].dtype) != widened(key.dtype):
        lowering.say(
            "types/join",
            f'"{key.name}" is {key.dtype} in "{name}" and {node.schema[key.name].dtype} in "{other}"',
            ref,
            details="equal keys need equal types: cast one side in a probe",
        )


def _selected(
    block: PatternDecl, lowering: Lowering, keys: tuple[Field, ...], bound: dict[str, Tag]
) -> tuple[NamedExpr, ...]:
    scope = Scope(
        columns={**{k.name: column_of(k) for k in keys}, **{n: t.column(n) for n, t in bound.items() if t.array}},
        qualified={n: t.columns(n) for n, t in bound.items() if not t.array},
        from_zero=frozenset(n for n, t in bound.items() if t.array),
        stream=f'the match "{block.name}"',
    )
    taken = {k.name for k in keys}
    named = columns(lowering, block.select or (), scope)
    for column in (c for c in block.select or () if c.name in taken):
        lowering.say("names/duplicate-column", f'`by` gives a column "{column.name}" already', column)
    if not named and not keys and not block.select:
        lowering.say(
            "windows/nothing-computed",
            f'the pattern "{block.name}" gives rows without a column',
            block,
            details="say what its rows are: `select: [a.host, {after: b.event_time - a.event_time}]`, or `by`",
        )
    passing = tuple(NamedExpr(name=k.name, expr=column_of(k), sql=k.name) for k in keys)
    return _conforming(block, lowering, passing, named)


def _conforming(
    block: PatternDecl, lowering: Lowering, keys: tuple[NamedExpr, ...], named: tuple[NamedExpr, ...]
) -> tuple[NamedExpr, ...]:
    if block.emits is None or lowering.draft.events.get(block.emits.name) is None:
        return named
    fitting = conforming(lowering, block, keys + named)
    for key, wanted in zip(keys, fitting, strict=False):
        if key != wanted:
            name = f'the key "{key.name}" is {key.expr.dtype}, not {wanted.expr.dtype} as the event type has it'
            lowering.say("types/field", name, block.emits, details="cast it in a probe: keys pass unchanged")
    return fitting[len(keys) :]
