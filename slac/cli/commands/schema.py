"""`slac schema`: the JSON Schema of SLA documents."""

from __future__ import annotations

import click

from slac.cli.console import put


@click.command()
def schema() -> None:
    """Print the JSON Schema (draft-07) of SLA documents, for editors and other tools."""
    from slac.language.schema import schema_text

    put(schema_text().rstrip("\n") + "\n")
