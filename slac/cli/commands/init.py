"""`slac init`: a first document, and beside it the schema that an editor checks it by."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from slac.cli.console import say
from slac.diagnostics import UsageError

NAME = "sla.yaml"
SCHEMA = "slac.schema.json"


@click.command()
@click.argument("target", required=False, default=".", metavar="[DIR|FILE]", type=click.Path(path_type=Path))
def init(target: Path) -> None:
    """Write a first document with comments: DIR/sla.yaml, or FILE; nothing that exists is overwritten.

    Beside it comes slac.schema.json, by which editors with the YAML language server complete and check the document.
    """
    from slac.language.schema import schema_text

    document = target if target.suffix.lower() in {".yaml", ".yml"} else target / NAME
    schema = document.parent / SCHEMA
    for path in (document, schema):
        if path.exists() or path.is_symlink():
            raise UsageError(f'"{path}" exists already; nothing was written')
    text = files("slac.cli").joinpath("first.yaml").read_text(encoding="utf-8")
    try:
        document.parent.mkdir(parents=True, exist_ok=True)
        _write_new(schema, schema_text().rstrip("\n") + "\n")
        _write_new(document, text.replace(NAME, document.name))
    except OSError as error:
        raise UsageError(f'"{error.filename or document}" cannot be written: {error.strerror}') from error
    say(f"wrote {document} and {schema}\nTry: slac check {document}; slac run {document}")


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
