"""`slac move`: a block of running runtimes goes on on another node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slac.cli.changing import changes_runtimes, exchange, found_partners, lost_on_the_way, plan_that_runs
from slac.cli.console import put
from slac.cli.documents import allows_functions, compile_quietly
from slac.diagnostics import UsageError, listed, suggest
from slac.plan.graph import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "sla.yaml"


@click.command()
@click.argument("block")
@click.option("--to", "node", required=True, help="The node of the document's placement that it is to run on.")
@click.argument("document", type=click.Path(), default=DEFAULT)
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the document.")
@allows_functions
@changes_runtimes
def move(  # noqa: PLR0913, PLR0917 - one parameter an option
    block: str,
    node: str,
    document: str,
    assignments: tuple[str, ...],
    directory: Path,
    connect: tuple[str, ...],
    keys: Path | None,
    own: str | None,
    dry_run: bool,  # noqa: FBT001 - click passes it by name
    form: str,
) -> int:
    """Let BLOCK run on another node of its DOCUMENT, which runs, and carry its state there.

    It stays there until it is moved again, or another version of the document is applied.
    """
    stated = _plan(document, assignments, {})
    partners = found_partners(stated.document, directory, connect, keys, own)
    old = plan_that_runs(partners)
    if _plan(document, assignments, old.data.moves).meaning != old.meaning:
        raise UsageError(f'"{document}" is not what runs: give the document that does, or `slac apply` this one')
    _refuse_unknown(block, node, stated)
    new = _plan(document, assignments, {**old.data.moves, block: node})
    if new.meaning == old.meaning:
        put(f"Nothing changes: {_where(block, old)}.\n")
        return 0
    if lost := lost_on_the_way(old, new):
        raise UsageError(f"not moved, because state would be lost: {'; '.join(lost)}")
    return exchange(partners, old, new, dry=dry_run, form=form)


def _plan(path: str, assignments: tuple[str, ...], moves: Mapping[str, str]) -> Plan:
    compiled = compile_quietly([path], assignments, moves=moves)
    if len(compiled) != 1:
        raise UsageError(f'"{path}" holds {len(compiled)} documents; a block of one document is moved')
    return compiled[0].plan


def _refuse_unknown(block: str, node: str, plan: Plan) -> None:
    blocks = sorted({n.block for n in plan.nodes})
    if block not in blocks:
        hint = suggest(block, blocks)
        raise UsageError(f'there is no block "{block}"; there are: {listed(blocks)}' + (f"; {hint}" if hint else ""))
    plan.placement(node)


def _where(block: str, plan: Plan) -> str:
    nodes = list(dict.fromkeys(n.node for n in plan.nodes if n.block == block and not n.id.count(".in.")))
    return f'"{block}" is computed on {listed(nodes)} already, which is as far as its rows let it'
