"""The outside of a compiled document: what its adapters and links name is looked at, and what is wrong is a finding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import singledispatch

from slac.adapters import tables
from slac.adapters.discovery import AdapterModule, input_adapter, output_adapter, probe_environment
from slac.adapters.environment import Problem, at, call_zmq, listen
from slac.adapters.secrets import resolved
from slac.compiler import Compiled
from slac.diagnostics import Diagnostic, RunFailed, Severity, Source, Span
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import Node as Tree
from slac.language.yaml.nodes import Steps, find, path_text
from slac.plan.graph import Placement
from slac.plan.nodes import AnyNode, OutputNode, SourceNode


def look_outside(compiled: Compiled) -> Iterator[Diagnostic]:
    """A finding for everything outside that is not as the document needs it; takes seconds where nothing answers."""
    tree, _ = compose(compiled.source)
    for node in compiled.plan.nodes:
        for problem in _of_node(node):
            section = _section(node)
            yield _finding(problem, tree, compiled.source, ("spec", section, node.block))
    for placement in compiled.plan.data.placements:
        for problem in _of_placement(placement):
            yield _finding(problem, tree, compiled.source, ("spec", "placement", placement.name))


def _section(node: AnyNode) -> str:
    if isinstance(node, SourceNode):
        return "inputs" if node.table is None else "tables"
    return "outputs"


@singledispatch
def _of_node(node: AnyNode) -> list[Problem]:
    return []


@_of_node.register
def _(node: SourceNode) -> list[Problem]:
    return _asked(tables if node.table is not None else input_adapter(node.adapter), node)


@_of_node.register
def _(node: OutputNode) -> list[Problem]:
    return _asked(output_adapter(node.adapter), node)


def _asked(module: AdapterModule, node: SourceNode | OutputNode) -> list[Problem]:
    """What the adapter says of its surroundings, and first whether its secrets are there."""
    try:
        settings = resolved(node.settings, block=node.block, environment=os.environ, directory=".")
    except RunFailed as missing:
        return [Problem(code="environment/missing", sentence=str(missing).rstrip("."))]
    return probe_environment(module, settings)


def _of_placement(placement: Placement) -> list[Problem]:
    found = at("listen", listen(placement.listen)) if placement.listen else []
    # Who listens need not be there yet, but its name must mean something.
    calls = call_zmq(placement.address) if placement.address else []
    return [*found, *at("address", (p for p in calls if not p.may_pass))]


def _finding(problem: Problem, tree: Tree | None, source: Source, block: Steps) -> Diagnostic:
    return Diagnostic(
        code=problem.code,
        severity=Severity.WARNING if problem.may_pass else Severity.ERROR,
        summary=problem.sentence,
        span=_place(problem, tree, source, block),
        path=path_text((*block, problem.setting) if problem.setting else block),
    )


def _place(problem: Problem, tree: Tree | None, source: Source, block: Steps) -> Span | None:
    """The setting's value, or the block's name; None for a block of another document."""
    if tree is None:
        return None
    for steps in ((*block, problem.setting), block):
        node, key = find(tree, steps)
        # `find` stops at the last that exists.
        if find(tree, steps[:-1])[0] is not node:
            return node.span if steps != block else key
    return None
