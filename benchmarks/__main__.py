"""`python -m benchmarks [NAME …] [--json]`: run benchmarks, print their tables, write their results."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from rich.console import Console

from benchmarks import BENCHMARKS, load, versions
from benchmarks.report import report, show, to_json, write
from slac.diagnostics import SlacError


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON instead of a table.")
def main(names: Sequence[str], *, as_json: bool) -> None:
    """Run the benchmarks NAMES, or all; each also writes benchmarks/results/NAME.json.

    Exit code 4 where one could not be run, or two sides did not agree; a bar that is not met is no failure.
    """
    console = Console(width=None if sys.stdout.isatty() else 120)
    for name in names or BENCHMARKS:
        try:
            made = report(name, load(name)(), versions(name))
        except SlacError as error:
            click.echo(f"{name}: {error}", err=True)
            sys.exit(error.exit_code)
        write(made)
        if as_json:
            click.echo(to_json(made).decode())
        else:
            show(made, console)


if __name__ == "__main__":
    main()
