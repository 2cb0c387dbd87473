"""The thread that takes a log to its disk: what goes wrong in it is told, and holds nothing up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slac.evidence.log.segment import Content
from slac.evidence.recorder.thread import WriterThread


class Broken:
    """A stage with a mistake in it."""

    def take(self, content: Content, size: int) -> Content:
        """Fails."""
        raise RuntimeError("no")

    def cut(self, named: Any) -> Content:
        """Nothing."""
        return Content()

    def take_named(self) -> list[Any]:
        """Nothing."""
        return []


class Nowhere:
    """A writer that writes nothing."""

    place = Path("nowhere")
    size = 0

    def write(self, content: Content, now: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def test_what_could_not_be_taken_is_not_on_its_way() -> None:
    """Or the collector would leave out all that comes later, as if the disk did not follow."""
    writer: Any = Nowhere()
    thread = WriterThread(writer, Broken(), limit=100)
    content = Content()
    content.entries.append(None)  # type: ignore[arg-type]
    thread.put(content, 500, 0)
    thread.settle()
    assert thread.pressure == 0
    assert thread.trouble == "RuntimeError: no"
    thread.close()
