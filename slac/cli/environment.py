"""The outside of a compiled document: what its adapters and links name is looked at, and what is wrong is a finding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import singledispatch

from slac.adapters import tables
from slac.adapters.discovery import AdapterModule, beyond, input_adapter, output_adapter, probe_environment
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


def look_for_strangers(compiled: Compiled) -> Iterator[Diagnostic]:
    """A warning for every input that anybody may inject into; nothing outside is touched."""
    tree, _ = compose(compiled.source)
    for node in compiled.plan.nodes:
        if isinstance(node, SourceNode) and node.table is None:
            setting = beyond(input_adapter(node.adapter), node.settings)
            if setting:
                yield _stranger(node, setting, tree, compiled.source)


def _stranger(node: SourceNode, setting: str, tree: Tree | None, source: Source) -> Diagnostic:
    leave = node.settings.get("insecure", False)
    then = "as `insecure: true` allows" if leave else "and is refused when a runtime starts, without `insecure: true`"
    block = ("spec", "inputs", node.block)
    return Diagnostic(
        code="adapters/insecure",
        severity=Severity.WARNING,
        summary=f"anybody on the way to {node.settings[setting]} may read and inject events, {then}",
        details="A runtime beside the publisher, linked with keys (`slac keys`), lets nobody in who is not invited.",
        span=_place_of(block, setting, tree, source),
        path=path_text((*block, setting)),
    )


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
        span=_place_of(block, problem.setting, tree, source),
        path=path_text((*block, problem.setting) if problem.setting else block),
    )


def _place_of(block: Steps, setting: str, tree: Tree | None, source: Source) -> Span | None:
    """The setting's value, or the block's name; None for a block of another document."""
    if tree is None:
        return None
    for steps in ((*block, setting), block):
        node, key = find(tree, steps)
        # `find` stops at the last that exists.
        if find(tree, steps[:-1])[0] is not node:
            return node.span if steps != block else key
    return None
