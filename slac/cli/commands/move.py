"""`slac move`: a block of running runtimes goes on on another node."""

from __future__ import annotations

import click

from slac.cli.changing import Asked, changes_runtimes, exchange, found_partners, lost_on_the_way, plan_that_runs
from slac.cli.console import put
from slac.diagnostics import UsageError, listed, suggest
from slac.plan.graph import Plan

DEFAULT = "sla.yaml"


@click.command()
@click.argument("block")
@click.option("--to", "node", required=True, help="The node of the document's placement that it is to run on.")
@click.argument("document", type=click.Path(), default=DEFAULT)
@changes_runtimes
def move(block: str, node: str, document: str, asked: Asked) -> int:
    """Let BLOCK run on another node of its DOCUMENT, which runs, and carry its state there.

    It stays there until it is moved again, or another version of the document is applied.
    """
    stated = asked.compiled(document).plan
    partners = found_partners(stated.document, asked)
    old = plan_that_runs(partners)
    if asked.compiled(document, moves=old.data.moves).plan.meaning != old.meaning:
        raise UsageError(f'"{document}" is not what runs: give the document that does, or `slac apply` this one')
    _refuse_unknown(block, node, stated)
    new = asked.compiled(document, moves={**old.data.moves, block: node}).plan
    if new.meaning == old.meaning:
        put(f"Nothing changes: {_where(block, old)}.\n")
        return 0
    if lost := lost_on_the_way(old, new):
        raise UsageError(f"not moved, because state would be lost: {'; '.join(lost)}")
    return exchange(partners, old, new, asked)


def _refuse_unknown(block: str, node: str, plan: Plan) -> None:
    blocks = sorted({n.block for n in plan.nodes})
    if block not in blocks:
        hint = suggest(block, blocks)
        raise UsageError(f'there is no block "{block}"; there are: {listed(blocks)}' + (f"; {hint}" if hint else ""))
    plan.placement(node)


def _where(block: str, plan: Plan) -> str:
    nodes = list(dict.fromkeys(n.node for n in plan.nodes if n.block == block and not n.id.count(".in.")))
    return f'"{block}" is computed on {listed(nodes)} already, which is as far as its rows let it'
