"""`slac run`: a document at work, in one process or as one of its nodes."""

from __future__ import annotations

import platform
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from slac.cli import launch
from slac.cli.calibrated import own_calibration
from slac.cli.documents import compile_for_command, functions_allowed, takes_documents
from slac.diagnostics import UsageError
from slac.plan.graph import Plan
from slac.plan.user import activate
from slac.runtime.shell.settings import RunSettings

if TYPE_CHECKING:
    from slac.compiler import Compiled

ALL: Final = "all"
"""The node of a document that runs in one process."""


@click.command()
@takes_documents
@click.option(
    "--node", help="Run only what placement puts on this node; without it, the whole document in one process."
)
@click.option("--instance", help="Name of this instance of the node. Default: the host's name.")
@click.option("--once", is_flag=True, help="Read file inputs to their end, publish what is due, then stop.")
@click.option(
    "--state", type=click.Path(path_type=Path), help="Directory of checkpoints; a restart goes on from there."
)
@click.option("--expect", type=click.IntRange(min=0), default=0, help="Instances to wait for before time begins.")
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    envvar=launch.KEYS,
    help="Directory of keys (`slac keys`): links are encrypted, and take only keys that are allowed.",
)
@click.option(
    "--sensitive-key",
    type=click.Path(path_type=Path),
    help="File of the key that sensitive fields are hashed with (`slac keys new-deployment`).",
)
@click.option(
    "--rebuild-from",
    metavar="LOG",
    type=click.Path(path_type=Path),
    help="Where the checkpoints in --state are gone or damaged, make one of this full log first.",
)
@click.option("--control", metavar="ADDRESS", help="Answer `slac status` here too, like tcp://127.0.0.1:7001.")
@click.option("--http", metavar="HOST:PORT", help="Serve /metrics, /healthz and /readyz here.")
@click.option(
    "--store",
    envvar=launch.STORE,
    help="Where reports and violations are kept: a URL of SQLite or PostgreSQL, a file, or off. Default: var/slac.db.",
)
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
    keys: Path | None,
    sensitive_key: Path | None,
    rebuild_from: Path | None,
    control: str | None,
    http: str | None,
    store: str | None,
    summary: Path | None,
    plan_file: str | None,
) -> None:
    """Run an SLA document until its inputs end (--once) or it is interrupted."""
    environment = click.get_current_context().obj
    settings: dict[str, Any] = {
        "instance": _name(instance or platform.node()),
        "state": state,
        "once": once,
        "expect": expect,
    }
    settings |= {"keys": keys, "control": control, "http": http, "sensitive_key": sensitive_key}
    settings["calibration"] = own_calibration(environment)
    if plan_file is not None:
        plan = launch.read_plan(plan_file)
        activate(plan.data.functions, allowed=functions_allowed())
        chosen = RunSettings(node=node or _only_node(plan), **settings)
        if launch.settled(environment):
            launch.run_plan(plan, chosen, summary, store)
            return
    else:
        compiled = compile_for_command(paths, assignments, collapse=node is None)
        if len(compiled) > 1:
            sys.exit(_run_each(compiled, [a for a in sys.argv[1:] if a not in paths]))
        plan = compiled[0].plan
        chosen = RunSettings(node=node or ALL, **settings)
    plan.placement(chosen.node).number_of(chosen.instance)
    plan = launch.in_place(plan, chosen)
    _refuse_nothing(plan, chosen.node)
    if rebuild_from is not None:
        from slac.cli.rebuilding import rebuild_state

        rebuild_state(plan, chosen, rebuild_from)
    # An address may hold a password, and arguments can be read by everybody on the machine.
    launch.execute_anew(plan, chosen, summary, {**environment, **({launch.STORE: store} if store else {})})


def _name(instance: str) -> str:
    """An instance's name stands in paths and on links."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", instance):
        raise UsageError(f'"{instance}" cannot name an instance: letters, digits, dots, dashes and underscores can')
    return instance


def _refuse_nothing(plan: Plan, node: str) -> None:
    """A runtime without a block would wait for ever."""
    if not any(n.node == node for n in plan.nodes):
        where = "" if node == ALL else f' on the node "{node}"'
        raise UsageError(
            f'there is nothing to run{where}: "{plan.data.document}" has no block there '
            "(event types alone are there to be imported)"
        )


def _only_node(plan: Plan) -> str:
    names = [p.name for p in plan.data.placements]
    if len(names) != 1:
        raise UsageError(f"the plan has the nodes {', '.join(names)}: say which one with --node")
    return names[0]


def _run_each(documents: Sequence[Compiled], options: Sequence[str]) -> int:
    """Many documents are one process each; a signal reaches all of them, and the worst exit code is ours."""
    children = [
        subprocess.Popen([sys.executable, "-m", "slac.cli", *options, document.name])  # noqa: S603 - it is ourselves
        for document in documents
    ]

    def pass_on(number: int, _: Any) -> None:
        for child in children:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    return max(child.wait() for child in children)
