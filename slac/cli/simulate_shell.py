"""The commands of `slac simulate`: the same at the prompt and in a script, each one line."""

from __future__ import annotations

import cmd
import inspect
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Final

import orjson

from slac.diagnostics import SlacError, UsageError, listed, suggest
from slac.language.durations import parse_duration
from slac.testing.simulation import Made, Simulation, show
from slac.testing.simulation.breaks import blocks_of, break_at, check_block

_KINDS: Final = ("window", "watermark", "due")


class Shell(cmd.Cmd):
    """Drives `simulation`; says what it does with `put`. A command that is wrong changes nothing."""

    intro = None
    use_rawinput = False

    def __init__(self, simulation: Simulation, put: Callable[[str], None], *, stdin: IO[str] | None = None) -> None:
        super().__init__(stdin=stdin)
        self.simulation = simulation
        self.failed = 0
        self.prompt = ""
        self._put = put
        self._next = 1

    def onecmd(self, line: str) -> bool:
        """One command; what is wrong with it is said, and nothing else happens."""
        text = line.split(" #", 1)[0].strip() if not line.lstrip().startswith("#") else ""
        if not text or text == "EOF":
            return text == "EOF"
        try:
            return bool(super().onecmd(text))
        except (SlacError, ValueError) as error:
            self._wrong(str(error))
            return False

    def default(self, line: str) -> None:
        """A word that is no command."""
        word = line.split(maxsplit=1)[0]
        known = list(self._commands())
        self._wrong(f'no command "{word}"; {suggest(word, known) or f"commands: {listed(known, limit=30)}"}')

    def emptyline(self) -> bool:
        """Nothing is repeated."""
        return False

    def script(self, lines: Iterable[str]) -> int:
        """Run commands and show each; how many were wrong."""
        for line in lines:
            if line.strip() and not line.lstrip().startswith("#"):
                self._say(f"> {line.strip()}")
            if self.onecmd(line):
                break
        return self.failed

    def do_step(self, line: str) -> None:
        """`step [N | window | watermark | due]`: one event, N, or up to the next window, watermark or due timer."""
        word = line.strip() or "1"
        simulation = self.simulation
        if not word.isdecimal() and word not in _KINDS:
            raise UsageError(
                f"step {word}: {suggest(word, _KINDS) or 'write step, step 10, step window, watermark or due'}"
            )
        simulation.remember()
        match word:
            case "window":
                self._stop(simulation.to_window())
            case "watermark":
                self._stop(simulation.to_watermark())
            case "due":
                self._stop(simulation.to_due())
            case number:
                self._stop(simulation.step(int(number)))

    def do_run(self, line: str) -> None:
        """`run`: up to a break point, or the end of the events."""
        self._nothing("run", line)
        self.simulation.remember()
        self._stop(self.simulation.run())

    def do_end(self, line: str) -> None:
        """`end`: all events, then the clock goes on until what is open is closed."""
        self._nothing("end", line)
        self.simulation.remember()
        self._stop(self.simulation.end())

    def do_wait(self, line: str) -> None:
        """`wait DURATION`: the clock goes on by so much."""
        if not line.strip():
            raise UsageError("wait how long? write wait 5m")
        length = parse_duration(line.strip())
        self.simulation.remember()
        self._stop(self.simulation.wait(length))

    def do_give(self, line: str) -> None:
        """`give INPUT JSON`: an event of now, which is not among the others."""
        block, _, text = line.strip().partition(" ")
        inputs = list(self.simulation.core.sources)
        if block not in inputs:
            raise UsageError(f'no input "{block}"; {suggest(block, inputs) or f"inputs: {listed(inputs)}"}')
        try:
            record = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise UsageError(f"this is not JSON: {error.msg}") from None
        if not isinstance(record, dict):
            raise UsageError("an event is a JSON object")
        self.simulation.remember()
        self._stop(self.simulation.give(block, record))

    def do_break(self, line: str) -> None:
        """`break [BLOCK [when SQL]]`: stop where the block gives out such a row; alone: all break points."""
        words = line.strip()
        if not words:
            self._lines([str(b) for b in self.simulation.breaks.values()] or ["no break points"])
            return
        block, _, rest = words.partition(" ")
        condition = rest.strip()
        if condition and not condition.lower().startswith("when "):
            raise UsageError(f"write break {block} when {condition.removeprefix('if ').removeprefix('where ')}")
        made = break_at(self.simulation.plan, block, condition[5:].strip(), self._next)
        self.simulation.breaks[self._next] = made
        self._next += 1
        self._say(str(made))

    def do_delete(self, line: str) -> None:
        """`delete [N]`: a break point, or all."""
        word = line.strip()
        if word and (not word.isdecimal() or int(word) not in self.simulation.breaks):
            raise UsageError(f'there is no break point "{word}"')
        for number in [int(word)] if word else list(self.simulation.breaks):
            del self.simulation.breaks[number]

    def do_show(self, line: str) -> None:
        """`show BLOCK [COLUMN=VALUE]... [json]`: its statistics, what it holds (of a key) and its last rows."""
        words = shlex.split(line)
        as_json = "json" in words[1:]
        words = [word for at, word in enumerate(words) if at == 0 or word != "json"]
        if not words:
            raise UsageError(f"show which block? {listed(blocks_of(self.simulation.plan), limit=30)}")
        check_block(self.simulation.plan, words[0])
        key = dict(_pair(word) for word in words[1:])
        if as_json:
            self._say(show.block_json(self.simulation, words[0], key))
            return
        self._lines(show.block(self.simulation, words[0], key))

    def do_blocks(self, line: str) -> None:
        """`blocks`: all of them, what they do, and how many rows they have made."""
        self._nothing("blocks", line)
        self._lines(show.overview(self.simulation))

    def do_where(self, line: str) -> None:
        """`where`: which event, and what time it is."""
        self._nothing("where", line)
        self._say(show.place(self.simulation))

    def do_back(self, line: str) -> None:
        """`back`: to where the last command that moved on began."""
        self._nothing("back", line)
        if not self.simulation.back():
            raise UsageError("there is nothing to go back to")
        self._say(show.place(self.simulation))

    def do_help(self, arg: str) -> None:
        """`help`: this."""
        del arg
        self._lines((inspect.getdoc(getattr(self, f"do_{name}")) or name).replace("`", "") for name in self._commands())

    def do_quit(self, line: str) -> bool:
        """`quit`: end here."""
        self._nothing("quit", line)
        return True

    def completenames(self, text: str, *ignored: object) -> list[str]:
        """Commands that begin so."""
        del ignored
        return [name for name in self._commands() if name.startswith(text)]

    def complete_show(self, text: str, *ignored: object) -> list[str]:
        """Blocks that begin so."""
        del ignored
        return [block for block in blocks_of(self.simulation.plan) if block.startswith(text)]

    complete_break = complete_show

    def _commands(self) -> Iterator[str]:
        return (name.removeprefix("do_") for name in dir(self) if name.startswith("do_"))

    def _stop(self, made: Made) -> None:
        self._lines(show.stop(self.simulation, made))

    def _nothing(self, command: str, line: str) -> None:
        if line.strip():
            raise UsageError(f'{command} takes nothing, and there is "{line.strip()}"')

    def _wrong(self, what: str) -> None:
        self.failed += 1
        self._say(f"wrong: {what}")

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._say(line)

    def _say(self, line: str) -> None:
        self._put(line + "\n")


def _pair(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign:
        raise UsageError(f'"{word}" names no key: write COLUMN=VALUE')
    return name, value
