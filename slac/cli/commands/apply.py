"""`slac apply`: running runtimes go on with a new version of their document."""

from __future__ import annotations

from pathlib import Path

import click

from slac.cli.changing import changes_runtimes, exchange, found_partners, plan_that_runs
from slac.cli.documents import allows_functions, compile_for_command, read_stdin
from slac.diagnostics import UsageError
from slac.plan.graph import Plan

ALL = "all"


@click.command()
@click.argument("new", type=click.Path())
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the document.")
@allows_functions
@changes_runtimes
def apply(
    new: str,
    assignments: tuple[str, ...],
    directory: Path,
    connect: tuple[str, ...],
    keys: Path | None,
    own: str | None,
    dry_run: bool,  # noqa: FBT001 - click passes it by name
    form: str,
) -> int:
    """Let all runtimes of a document go on with NEW, without losing or repeating anything.

    What becomes of each block's state is printed: kept, rebuilt, or lost, and why. Either all runtimes go on with NEW,
    or all with what they run now.
    """
    plan = _plan(new, assignments, collapse=False)
    partners = found_partners(plan.document, directory, connect, keys, own)
    if {p.status.node for p in partners} == {ALL} and ALL not in {p.name for p in plan.data.placements}:
        plan = _plan(new, assignments, collapse=True)
    return exchange(partners, plan_that_runs(partners), plan, dry=dry_run, form=form)


def _plan(path: str, assignments: tuple[str, ...], *, collapse: bool) -> Plan:
    read_stdin([path])
    compiled = compile_for_command([path], assignments, collapse=collapse)
    if len(compiled) != 1:
        raise UsageError(f'"{path}" holds {len(compiled)} documents; one document is applied')
    return compiled[0].plan
