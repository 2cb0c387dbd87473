"""`make demo`: plays the story, shows it, and sums it up; exit code 0 only if all of it happened, else 4."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from typing import NoReturn

from rich.console import Console

from examples.demo.account import print_account
from examples.demo.children import INTERRUPTIONS, Children
from examples.demo.mailbox import Mailbox, serving
from examples.demo.published import Published
from examples.demo.screen import Screen, screen
from examples.demo.stage import DOCUMENT, ROOT, TIMES, NotStarted, Stage, build
from examples.demo.story import Story, acts
from slac.testing import free_port

DIRECTORY = ROOT / "var" / "demo"
LONGEST = 105.0
"""Seconds after which the demo ends whatever has happened."""
POLL = 0.1


def main() -> int:
    """Play the demo; returns the exit code."""
    console = Console()
    for number in INTERRUPTIONS:
        signal.signal(number, _interrupted)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    times = ", ".join(f"{name} {value}" for name, value in TIMES.items())
    console.print(f"[bold]{DOCUMENT}[/bold] watches the example shop, with times scaled down: {times}", soft_wrap=True)
    mailbox, published = Mailbox(), Published(DIRECTORY / "reports.ndjson")
    try:
        missing = _play(console, mailbox, published)
    except NotStarted as error:
        console.print(str(error), style="red", markup=False)
        return 4
    except KeyboardInterrupt:
        console.print("Interrupted; everything that the demo started has ended.")
        return 130
    print_account(console, published, DIRECTORY, mailbox.subjects)
    console.print(f"Logs, reports and checkpoints of this run: {DIRECTORY.relative_to(ROOT)}/")
    for sentence in missing:
        console.print(f"Missing: {sentence}", style="bold red")
    return 4 if missing else 0


def _play(console: Console, mailbox: Mailbox, published: Published) -> list[str]:
    """Run everything to its end; returns what did not happen."""
    smtp_port = free_port()
    with serving(mailbox, smtp_port), Children(DIRECTORY) as children:
        stage = build(children, DIRECTORY, smtp_port)
        story = Story(acts(), stage, published)
        with screen(console) as shown:
            _watch(story, published, shown)
        stage.edge.stop()
        stage.central.stop()
        published.read()
        return [*story.missing, *_casualties(stage)]


def _watch(story: Story, published: Published, shown: Screen) -> None:
    start = time.monotonic()
    while not story.over and (now := time.monotonic() - start) < LONGEST:
        for item in published.read():
            shown.news(item, now)
        if (act := story.step(now)) is not None:
            shown.act(act, now)
        shown.refresh(published, now)
        if story.stage.broken() is not None:
            break
        time.sleep(POLL)
    story.give_up()


def _casualties(stage: Stage) -> list[str]:
    asked = [c for c in (stage.edge, stage.central) if (c.ended or 0) > 0]
    return [f"{c.name} ended with exit code {c.ended}:\n{c.last_words()}" for c in asked]


def _interrupted(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
