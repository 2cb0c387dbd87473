"""`python -m benchmarks.capacity NAME…`: some documents alone, by their names; rows are shown as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import click

from benchmarks.capacity import in_turns, summed
from benchmarks.capacity.documents import documents
from benchmarks.report import Row


def _shown(found: Iterable[tuple[float, list[Row]]]) -> Iterator[tuple[float, list[Row]]]:
    for factor, rows in found:
        for one in rows:
            click.echo(f"{'' if one.met else 'missed':<8}{one.value:<8g}{one.name}")
        yield factor, rows


if __name__ == "__main__":
    wanted = set(sys.argv[1:])
    made = summed(_shown(in_turns([p for p in documents() if p.stem in wanted or not wanted])))
    for total in made:
        if total.met is None:
            click.echo(f"{total.value:g} {total.unit} {total.name}")
