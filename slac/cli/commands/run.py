"""`slac run`: a document at work, in one process or as one of its nodes."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slac.diagnostics import UsageError

if TYPE_CHECKING:
    from slac.plan.graph import Plan

ALL = "all"


@click.command()
@click.argument("paths", nargs=-1)
@click.option(
    "--node", help="Run only what placement puts on this node; without it, the whole document in one process."
)
@click.option("--instance", help="Name of this instance of the node. Default: the host's name.")
@click.option("--once", is_flag=True, help="Read file inputs to their end, publish what is due, then stop.")
@click.option(
    "--state", type=click.Path(path_type=Path), help="Directory of checkpoints; a restart goes on from there."
)
@click.option("--expect", type=click.IntRange(min=0), default=0, help="Instances to wait for before time begins.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Value of a parameter of the document.")
@click.option("--summary", type=click.Path(path_type=Path), help="Write an account of the run to this file, as JSON.")
@click.option("--plan", "plan_file", help="Run this plan (`slac compile -o`) instead of compiling a document.")
def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    paths: tuple[str, ...],
    node: str | None,
    instance: str | None,
    once: bool,  # noqa: FBT001 - click passes it by name
    state: Path | None,
    expect: int,
    assignments: tuple[str, ...],
    summary: Path | None,
    plan_file: str | None,
) -> None:
    """Run an SLA document until its inputs end (--once) or it is interrupted."""
    from slac.cli import launch
    from slac.runtime.shell.settings import RunSettings

    settings = {"instance": instance or platform.node(), "state": state, "once": once, "expect": expect}
    if plan_file is not None:
        plan = launch.read_plan(plan_file)
        chosen = RunSettings(node=node or _only_node(plan), **settings)  # type: ignore[arg-type]
        if launch.settled(os.environ):
            launch.run_plan(plan, chosen, summary)
            return
    else:
        plans = _compile(paths, assignments, collapse=node is None)
        if len(plans) > 1:
            sys.exit(_run_each(plans, sys.argv[1:], paths))
        plan = plans[0][1]
        chosen = RunSettings(node=node or ALL, **settings)  # type: ignore[arg-type]
    plan.placement(chosen.node)
    launch.execute_anew(plan, chosen, summary, os.environ)


def _only_node(plan: Plan) -> str:
    names = [p.name for p in plan.data.placements]
    if len(names) != 1:
        raise UsageError(f"the plan has the nodes {', '.join(names)}: say which one with --node")
    return names[0]


def _compile(paths: tuple[str, ...], assignments: tuple[str, ...], *, collapse: bool) -> list[tuple[str, Plan]]:
    from slac.cli.documents import compile_for_command

    return [(c.name, c.plan) for c in compile_for_command(paths, assignments, collapse=collapse)]


def _run_each(plans: list[tuple[str, Any]], arguments: list[str], paths: tuple[str, ...]) -> int:
    """A folder is many documents: one process each; a signal reaches all of them, the worst exit code is ours."""
    options = [a for a in arguments if a not in paths]
    children = [subprocess.Popen([sys.executable, "-m", "slac.cli", *options, name]) for name, _ in plans]  # noqa: S603

    def pass_on(number: int, _: object) -> None:
        for child in children:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    return max(child.wait() for child in children)
