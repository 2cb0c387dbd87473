"""What a person sees of the demo while it runs: a live picture in a terminal, a line for each thing elsewhere."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from examples.demo.published import Alarm, Published, Report
from examples.demo.story import MODULES, Act

COLOURS = {"up": "green", "low": "yellow", "down": "red", "?": "dim"}
LINES = 14
"""Of what has happened, the last that are shown live, if there is room."""
ABOVE = 14
"""Rows of a terminal that the rest of the picture takes."""
FEWEST = 4


class Screen(Protocol):
    """Where the demo shows itself; used as a context manager."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        ...

    def act(self, act: Act, seconds: float) -> None:
        """An act begins, so many seconds after the start."""
        ...

    def news(self, item: Report | Alarm, seconds: float) -> None:
        """Something was published."""
        ...

    def refresh(self, published: Published, seconds: float) -> None:
        """Time has passed."""
        ...


def screen(console: Console) -> Screen:
    """The live picture in a terminal, else plain lines."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


@dataclass(slots=True)
class PlainScreen:
    """A line for each act and each thing published."""

    console: Console

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def act(self, act: Act, seconds: float) -> None:
        """The act's title."""
        self.console.print(act_line(act, seconds), soft_wrap=True)

    def news(self, item: Report | Alarm, seconds: float) -> None:
        """One line."""
        self.console.print(news_line(item, seconds), soft_wrap=True)

    def refresh(self, published: Published, seconds: float) -> None:
        """Nothing: lines are not rewritten."""


@dataclass(slots=True)
class LiveScreen:
    """The modules with their cases by the last report, and below them what has happened."""

    console: Console
    lines: deque[Text] = field(default_factory=lambda: deque(maxlen=LINES))
    title: str = ""
    _live: Live | None = None

    def __enter__(self) -> Self:
        self._live = Live(console=self.console, refresh_per_second=4)
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, traceback)

    def act(self, act: Act, seconds: float) -> None:
        """The act's title."""
        self.title = act.title
        self.lines.append(act_line(act, seconds))

    def news(self, item: Report | Alarm, seconds: float) -> None:
        """One more line."""
        self.lines.append(news_line(item, seconds))

    def refresh(self, published: Published, seconds: float) -> None:
        """Draw everything anew."""
        if self._live is not None:
            head = Text(f"{seconds:5.1f} s  ", style="dim") + Text(self.title, style="bold")
            room = max(FEWEST, self.console.height - ABOVE)
            said = Text("\n", no_wrap=True, overflow="ellipsis").join(list(self.lines)[-room:])
            log = Panel(said, title="what has happened", title_align="left", border_style="dim")
            self._live.update(Group(head, modules_table(published), log))


def modules_table(published: Published) -> Table:
    """The state of each module and of its cases, as last reported."""
    table = Table("module", "state", "test case", "state", "runs", "success", expand=True)
    table.add_column("latest exception", no_wrap=True, ratio=1)
    last = {r.module: r for r in published.reports}
    for module in MODULES:
        report = last.get(module)
        if report is None:
            table.add_row(module, Text("not yet known", style="dim"))
        for i, case in enumerate(report.cases if report else ()):
            first = (module, _state(report.state)) if report and i == 0 else ("", "")
            share = f"{100 * case.success:.0f} %"
            table.add_row(*first, case.name, _state(case.state), str(case.runs), share, case.exception or "")
    return table


def act_line(act: Act, seconds: float) -> Text:
    """An act in the log."""
    return Text.assemble((f"{seconds:5.1f} s  ", "dim"), (f"▶ {act.title}", "bold cyan"))


def news_line(item: Report | Alarm, seconds: float) -> Text:
    """A publication in the log."""
    return Text.assemble((f"{seconds:5.1f} s    ", "dim"), *_parts(item))


def told(item: Report | Alarm) -> Text:
    """A publication in one line."""
    return Text.assemble(*_parts(item))


def _parts(item: Report | Alarm) -> list[Text | str]:
    match item:
        case Report(kind="change"):
            what: list[Text | str] = [item.module, " changes from ", _state(item.previous or "?"), " to "]
            return [*what, _state(item.state), f" ({item.verdict})", *_worst(item)]
        case Report(kind="stay"):
            return [item.module, " stays ", _state(item.state), f" ({item.verdict})", *_worst(item)]
        case Report():
            return [item.module, " is ", _state(item.state), f" ({item.verdict})", *_worst(item)]
    style = "bold red" if item.kind == "raised" else "bold green"
    return [Text(f"ALARM {item.block} {item.kind} ({item.severity})", style=style), f": {item.message}"]


def _worst(report: Report) -> list[Text | str]:
    cases = [c for c in report.cases if c.success < 1]
    if not cases:
        count = len(report.cases)
        return [f"; {count} case{'' if count == 1 else 's'}, all runs successful"]
    worst = min(cases, key=lambda c: c.success)
    return [f"; {worst.name} {100 * worst.success:.0f} % of {worst.runs} runs", f": {worst.exception or ''}"]


def _state(state: str) -> Text:
    return Text(state, style=COLOURS.get(state, ""))
