"""`slac schema`: the JSON Schema of SLA documents, and of files of tests."""

from __future__ import annotations

import click

from slac.cli.console import put


@click.command()
@click.option(
    "--kind", type=click.Choice(["SLA", "Test"]), default="SLA", show_default=True, help="Which kind of file."
)
def schema(kind: str) -> None:
    """Print the JSON Schema (draft-07) of SLA documents or of files of tests, for editors and other tools."""
    from slac.language.schema import schema_text
    from slac.language.tests import schema_of_tests_text

    put((schema_text() if kind == "SLA" else schema_of_tests_text()).rstrip("\n") + "\n")
