"""`python -m examples.kieker LOG > events.ndjson`: a directory of a Kieker text log as events, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
import orjson

from examples.kieker.convert import events
from examples.kieker.log import read_log


@click.command()
@click.argument("log", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.File("wb"), default="-", help="The file to write; standard output if none is named.")
def main(log: Path, out: BinaryIO) -> None:
    """Convert the Kieker text log in the directory LOG."""
    try:
        out.writelines(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events(read_log(log)))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{log}: {error}") from error


if __name__ == "__main__":
    main()
