"""What all commands that take documents share: their arguments, and compiling what they name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from slac.cli.errors import show
from slac.compiler import Compiled, CompileOptions, compile_paths

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_documents(command: Command) -> Command:
    """Add the argument `paths` and the option `--set` (`assignments`) to a command."""
    paths = click.argument("paths", nargs=-1, metavar="[DOCUMENT]...")
    assignments = click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="Give a parameter of the document a value. May be repeated.",
    )
    return paths(assignments(command))


def compile_for_command(
    paths: Sequence[str], assignments: Sequence[str], *, collapse: bool = False
) -> tuple[Compiled, ...]:
    """Compile what the command line names, and show warnings and notes; raises DocumentInvalid or UsageError.

    To be called within a command: `main` has put the environment into click's context.
    """
    environment: Mapping[str, str] = click.get_current_context().obj or {}
    options = CompileOptions(environment=environment, parameters=parameters(assignments), collapse=collapse)
    stdin = sys.stdin.buffer.read() if "-" in paths else None
    compiled = compile_paths(paths, options, stdin=stdin)
    show((d for c in compiled for d in c.diagnostics), environment)
    return compiled


def parameters(assignments: Sequence[str]) -> dict[str, str]:
    """`name=value` texts as a mapping; the last of a name holds."""
    pairs = [a.partition("=") for a in assignments]
    wrong = [name for name, equals, _ in pairs if not equals or not name]
    if wrong:
        raise click.UsageError(f'--set takes NAME=VALUE, and "{wrong[0]}" is not of this form')
    return {name: value for name, _, value in pairs}
