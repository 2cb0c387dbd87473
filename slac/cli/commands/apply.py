"""`slac apply`: running runtimes go on with a new version of their document."""

from __future__ import annotations

import click

from slac.cli.changing import (
    Asked,
    changes_runtimes,
    exchange,
    found_partners,
    plan_that_runs,
    told_that_nothing_changes,
)
from slac.cli.documents import show_remarks

ALL = "all"


@click.command()
@click.argument("new", type=click.Path())
@changes_runtimes
def apply(new: str, asked: Asked) -> int:
    """Let all runtimes of a document go on with NEW, without losing or repeating anything.

    What becomes of each block's state is printed: kept, rebuilt, or lost, and why. Either all runtimes go on with NEW,
    or all with what they run now.
    """
    with told_that_nothing_changes():
        compiled = asked.compiled(new)
    show_remarks([compiled])
    plan = compiled.plan
    partners = found_partners(plan.document, asked)
    if {p.status.node for p in partners} == {ALL} and ALL not in {p.name for p in plan.data.placements}:
        plan = asked.compiled(new, collapse=True).plan
    return exchange(partners, plan_that_runs(partners), plan, asked)
