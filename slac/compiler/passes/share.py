"""Where instances share the keys of a node, whatever remembers something there is kept by the column that divides them.

Before: `central: {instances: 3, by: user, blocks: ["*"]}`. After: nothing has changed; a window by shop on central is a
finding, because its rows would be divided by user.
"""

from __future__ import annotations

from functools import singledispatch

from slac.compiler.draft import Draft, Found
from slac.compiler.reads import kind_of
from slac.diagnostics import Diagnostic, Related, Severity
from slac.language.document import PlacementDecl
from slac.plan.expressions import Column
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LatestJoinNode,
    LinkInNode,
    PatternNode,
    SelectNode,
    SourceNode,
    StepsNode,
    TracesNode,
    ViolationNode,
    WindowNode,
)


def share(draft: Draft) -> Found:
    """Check all nodes of the placement that have several instances; the first finding of each block is told."""
    found: dict[str, Diagnostic] = {}
    for place in () if draft.options.collapse else draft.document.placement:
        if place.instances > 1 and place.by is None:
            found[place.path] = _undivided(place)
        elif place.instances == 1 and place.by is not None:
            found[place.path] = _alone(place)
        elif place.by is not None:
            here = [n for n in draft.nodes if n.node == place.name]
            # What a block does says more than what it is sent.
            for node in sorted(here, key=lambda n: isinstance(n, LinkInNode)):
                if reason := _problem(node, place.by.name):
                    found.setdefault(node.block, _misfit(draft, node, place, reason))
    return draft, list(found.values())


@singledispatch
def _problem(node: AnyNode, by: str) -> str:
    """Why a node cannot run on an instance that has only some values of `by`; empty where it can."""
    del node, by
    return ""


@_problem.register
def _(node: SourceNode, by: str) -> str:
    del by
    return "" if node.table is not None else "each instance would read it, whatever the keys: place it on another node"


@_problem.register
def _(node: LinkInNode, by: str) -> str:
    return "" if by in node.schema.names else f"its rows come from {node.origin} and have no column {by}"


@_problem.register
def _(node: SelectNode, by: str) -> str:
    for column in node.columns or ():
        if column.name == by and not (isinstance(column.expr, Column) and column.expr.name == by):
            return f"it makes another column {by}, whose values are not those that rows were divided by"
    return ""


@_problem.register(WindowNode)
@_problem.register(StepsNode)
@_problem.register(PatternNode)
@_problem.register(TracesNode)
@_problem.register(AuditNode)
@_problem.register(ViolationNode)
@_problem.register(AbsenceNode)
def _(
    node: WindowNode | StepsNode | PatternNode | TracesNode | AuditNode | ViolationNode | AbsenceNode, by: str
) -> str:
    return _kept(node.keys, by)


@_problem.register(LatestJoinNode)
@_problem.register(IntervalJoinNode)
def _(node: LatestJoinNode | IntervalJoinNode, by: str) -> str:
    is_table = isinstance(node, LatestJoinNode) and node.table
    return "" if is_table else _kept(node.by, by)


def _kept(keys: tuple[str, ...], by: str) -> str:
    if by in keys:
        return ""
    kept = f"by {', '.join(keys)}" if keys else "for all rows together"
    return f"it is kept {kept}, and rows of one key would be on several instances"


def _misfit(draft: Draft, node: AnyNode, place: PlacementDecl, reason: str) -> Diagnostic:
    assert place.by is not None
    decl = draft.blocks[node.block]
    what = f'the {kind_of(decl)} "{node.block}"'
    return Diagnostic(
        code="placement/shared",
        severity=Severity.ERROR,
        summary=f'{what} does not fit on "{place.name}", whose instances divide rows by {place.by.name}',
        span=decl.span,
        path=decl.path,
        suggestion=f"keep it by {place.by.name} (and more, if you like), or place it on a node of one instance",
        details=reason,
        related=(Related(place.by.span, "rows are divided by this column"),),
    )


def _undivided(place: PlacementDecl) -> Diagnostic:
    return Diagnostic(
        code="placement/shared",
        summary=f'nothing says by which column rows are divided among {place.instances} instances of "{place.name}"',
        span=place.span,
        path=place.path,
        suggestion="add `by:` with a column that all streams which it receives have",
    )


def _alone(place: PlacementDecl) -> Diagnostic:
    assert place.by is not None
    return Diagnostic(
        code="placement/shared",
        summary=f'"{place.name}" has one instance, so there is nothing to divide by {place.by.name}',
        span=place.by.span,
        path=place.by.path,
        suggestion="add `instances:`, or leave `by:` out",
    )
