"""From the text of a pattern to its tree, by recursive descent, with the place of every atom and every expression.

Tightest first: brackets and atoms; guards; the prefixes `every`, `every-distinct(…)` and `not`, each perhaps with a
repeat; repeats and `until`; `and`; `or`; `->`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from slac.diagnostics import suggest
from slac.language.patterns.errors import PatternSyntaxError
from slac.language.patterns.lengths import looks_like_length, parse_length
from slac.language.patterns.timers import named_arguments, parse_at, parse_schedule
from slac.language.patterns.tokens import Token, closing, pieces, token_at
from slac.language.patterns.tree import (
    And,
    AnyPattern,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Length,
    Not,
    Or,
    Repeat,
    Text,
    While,
    Within,
)

__all__ = ["Parsed", "Place", "parse_pattern"]

_RESERVED: Final = frozenset({"every", "every-distinct", "not", "and", "or", "until", "where", "while"})
_TIMERS: Final = ("timer:interval", "timer:at", "timer:schedule")
_GUARDS: Final = ("timer:within", "timer:withinmax")
_WAYS: Final = ("->", "and", "or", "until", "where", "while")
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Place:
    """The code points `[start, end)` of a pattern's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A pattern with its places: of the stream's name of each atom, of its tag, and of each SQL expression."""

    pattern: AnyPattern
    streams: tuple[Place, ...]
    names: tuple[Place, ...]
    texts: tuple[Place, ...]


def parse_pattern(text: str) -> Parsed:
    """The tree of a pattern's text; PatternSyntaxError says what is wrong first, and where."""
    parser = _Parser(text)
    pattern = parser.followed()
    if parser.token.kind != "end":
        parser.fail_behind()
    return Parsed(pattern=pattern, streams=tuple(parser.streams), names=tuple(parser.names), texts=tuple(parser.texts))


@dataclass(slots=True)
class _Parser:
    text: str
    token: Token = field(init=False)
    streams: list[Place] = field(default_factory=list)
    names: list[Place] = field(default_factory=list)
    texts: list[Place] = field(default_factory=list)
    depth: int = 0

    def __post_init__(self) -> None:
        self.token = token_at(self.text, 0)
        if self.token.kind == "end":
            raise PatternSyntaxError("a pattern is missing", 0, len(self.text), "write it like every a=Down -> b=Up")

    def followed(self) -> AnyPattern:
        """A chain of `->`, which binds from the left."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error("the pattern is nested too deeply")
        found = self._or()
        while self.token.text in ("->", "-["):
            at_most = self._at_most()
            found = Followed(left=found, right=self._or(), at_most=at_most)
        self.depth -= 1
        return found

    def fail_behind(self) -> None:
        """Something stands behind a pattern that cannot go on like this."""
        word = self.token.text
        if word == ")":
            raise self._error('")" closes nothing')
        raise self._error(f'"{word}" cannot stand here', suggest(word, _WAYS) or f"patterns are joined by {_joined()}")

    def _at_most(self) -> int | None:
        if self._next().text == "->":
            return None
        count = self._number("how many may wait")
        if count == 0:
            raise PatternSyntaxError("at least one must be able to wait", self.token.start - 1, self.token.start)
        self._expect("]>", "write it like -[3]>")
        return count

    def _or(self) -> AnyPattern:
        parts = [self._and()]
        while self.token.word == "or":
            self._next()
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(parts=tuple(parts))

    def _and(self) -> AnyPattern:
        parts = [self._until()]
        while self.token.word == "and":
            self._next()
            parts.append(self._until())
        return parts[0] if len(parts) == 1 else And(parts=tuple(parts))

    def _until(self) -> AnyPattern:
        start = self.token
        bounds = self._bounds() if start.text == "[" else None
        found = self._prefixed()
        if bounds is not None and self.token.word != "until":
            found = self._repeat(found, bounds, start)
        elif bounds is not None:
            self._next()
            found = Repeat(child=found, low=bounds[0], high=bounds[1], until=self._prefixed())
        while self.token.word == "until":
            self._next()
            found = Repeat(child=found, until=self._prefixed())
        return found

    def _repeat(self, child: AnyPattern, bounds: _Bounds, start: Token) -> AnyPattern:
        low, high = bounds
        if low is None or low != high:
            raise PatternSyntaxError(
                "a repeat with a range ends with `until`", start.start, start.end, "write [n], or add until …"
            )
        return Repeat(child=child, low=low, high=high)

    def _prefixed(self) -> AnyPattern:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error("the pattern is nested too deeply")
        try:
            match self.token.word:
                case "every":
                    self._next()
                    return Every(child=self._behind_prefix())
                case "not":
                    self._next()
                    return Not(child=self._behind_prefix())
                case "every-distinct":
                    self._next()
                    return self._distinct()
                case _:
                    return self._guarded()
        finally:
            self.depth -= 1

    def _behind_prefix(self) -> AnyPattern:
        if self.token.text != "[":
            return self._prefixed()
        start = self.token
        bounds = self._bounds()
        return self._repeat(self._prefixed(), bounds, start)

    def _distinct(self) -> AnyPattern:
        arguments = self._arguments("every-distinct")
        forget: Length | None = None
        if arguments and looks_like_length(self.text[arguments[-1].start : arguments[-1].end]):
            forget = self._length(arguments.pop())
        if not arguments:
            raise self._error("every-distinct needs the keys to tell matches apart by", "write every-distinct(a.id)")
        keys = tuple(self._text(a) for a in arguments)
        return Distinct(keys=keys, forget=forget, child=self._behind_prefix())

    def _guarded(self) -> AnyPattern:
        found = self._primary()
        while self.token.word in ("where", "while"):
            if self._next().word == "while":
                place = self._one_argument("while")
                found = While(child=found, condition=self._text(place))
            else:
                found = self._within(found)
        return found

    def _within(self, child: AnyPattern) -> AnyPattern:
        guard = self.token
        if guard.word not in _GUARDS:
            raise self._error(
                f'a guard is {" or ".join(_GUARDS)}, not "{guard.text}"',
                suggest(guard.text, _GUARDS) or "conditions stand in the brackets of an event: a=Down(code > 3)",
            )
        self._next()
        arguments = self._arguments(guard.text)
        wanted = 1 if guard.word == "timer:within" else 2
        if len(arguments) != wanted:
            raise PatternSyntaxError(
                f"{guard.text} takes {wanted} argument{'s' * (wanted > 1)}, not {len(arguments)}",
                guard.start,
                guard.end,
            )
        length = self._length(arguments[0])
        return Within(child=child, length=length, at_most=self._count(arguments[1]) if wanted > 1 else None)

    def _primary(self) -> AnyPattern:
        if self.token.text == "(":
            opened = self._next()
            found = self.followed()
            if self.token.text != ")":
                if self.token.kind != "end":
                    self.fail_behind()
                raise PatternSyntaxError('"(" is opened and not closed', opened.start, opened.end)
            self._next()
            return found
        if self.token.word.startswith("timer:"):
            return self._timer()
        return self._atom()

    def _timer(self) -> AnyPattern:
        timer = self._next()
        if timer.word not in _TIMERS:
            hint = "it guards a pattern: x=X where …" if timer.word in _GUARDS else suggest(timer.text, _TIMERS)
            raise PatternSyntaxError(f'"{timer.text}" is no event', timer.start, timer.end, hint)
        if timer.word == "timer:interval":
            return Interval(length=self._length(self._one_argument(timer.text)))
        arguments = self._arguments(timer.text)
        texts = [self.text[a.start : a.end] for a in arguments]
        try:
            return parse_at(texts) if timer.word == "timer:at" else parse_schedule(named_arguments(texts))
        except ValueError as error:
            end = arguments[-1].end if arguments else timer.end
            raise PatternSyntaxError(str(error), timer.start, end) from None

    def _atom(self) -> AnyPattern:
        first = self._name("an event like a=Down(code > 3)")
        name: str | None = None
        stream = first
        if self.token.text == "=":
            self._next()
            if "." in first.text:
                raise PatternSyntaxError(f'"{first.text}" cannot be a tag', first.start, first.end, "a tag has no dots")
            name, stream = first.text, self._name("the block or event type that the tag stands for")
        index = len(self.streams)
        self.streams.append(Place(stream.start, stream.end))
        self.names.append(Place(first.start, first.end))
        conditions: tuple[Text, ...] = ()
        if self.token.text == "(":
            conditions = tuple(self._text(a) for a in self._arguments(stream.text))
        return Atom(index=index, name=name, stream=stream.text, conditions=conditions)

    def _name(self, wanted: str) -> Token:
        token = self.token
        if token.kind != "word" or token.word in _RESERVED or ":" in token.text:
            what = f'"{token.text}" stands here' if token.text else "the pattern ends here"
            raise self._error(f"{what}, where {wanted} is wanted")
        return self._next()

    def _bounds(self) -> _Bounds:
        opened = self._next()
        end = closing(self.text, opened.end)
        place = self._inner(opened.end, end)
        written = self.text[place.start : place.end]
        low_text, colon, high_text = written.partition(":")
        if not written or written == ":":
            raise PatternSyntaxError("a repeat says how often", opened.start, end + 1, "write [3] or [1:3]")
        middle = place.start + len(low_text)
        low = self._bound(place.start, middle) if low_text.strip() else None
        high = low
        if colon:
            high = self._bound(middle + 1, place.end) if high_text.strip() else None
        self.token = token_at(self.text, end + 1)
        if isinstance(low, int) and isinstance(high, int) and (low > high or high == 0):
            raise PatternSyntaxError(f"[{written}] can never be", opened.start, end + 1, "write at least [1]")
        return low, high

    def _bound(self, start: int, end: int) -> int | Text:
        return self._count(self._inner(start, end))

    def _count(self, place: Place) -> int | Text:
        written = self.text[place.start : place.end]
        return int(written) if written.isdecimal() else self._text(place)

    def _length(self, place: Place) -> Length:
        written = self.text[place.start : place.end]
        if not looks_like_length(written):
            return Length(given=self._text(place))
        try:
            return parse_length(written)
        except ValueError as error:
            raise PatternSyntaxError(str(error), place.start, place.end) from None

    def _text(self, place: Place) -> Text:
        written = self.text[place.start : place.end]
        if not written:
            raise PatternSyntaxError("an expression is missing here", place.start, max(place.end, place.start + 1))
        self.texts.append(place)
        return Text(index=len(self.texts) - 1, sql=written)

    def _arguments(self, of: str) -> list[Place]:
        """The arguments in the brackets that open here; the next token is the one behind them."""
        opened = self.token
        if opened.text != "(":
            raise self._error(f"{of} has arguments in brackets: {of}(…)")
        end = closing(self.text, opened.end)
        self.token = token_at(self.text, end + 1)
        return [Place(a, b) for a, b in pieces(self.text, opened.end, end)]

    def _one_argument(self, of: str) -> Place:
        at = self.token
        arguments = self._arguments(of)
        if len(arguments) != 1:
            raise PatternSyntaxError(f"{of} takes one argument, not {len(arguments)}", at.start, at.end)
        return arguments[0]

    def _inner(self, start: int, end: int) -> Place:
        found = pieces(self.text, start, end)
        return Place(found[0][0], found[-1][1]) if found else Place(start, end)

    def _number(self, what: str) -> int:
        if self.token.kind != "number":
            raise self._error(f"{what} is a number")
        return int(self._next().text)

    def _expect(self, sign: str, hint: str) -> None:
        if self.token.text != sign:
            raise self._error(f'"{sign}" is missing here', hint)
        self._next()

    def _next(self) -> Token:
        token, self.token = self.token, token_at(self.text, self.token.end)
        return token

    def _error(self, summary: str, suggestion: str = "") -> PatternSyntaxError:
        end = self.token.end if self.token.end > self.token.start else self.token.start + 1
        return PatternSyntaxError(summary, self.token.start, end, suggestion)


_Bounds = tuple[int | Text | None, int | Text | None]


def _joined() -> str:
    return ", ".join(_WAYS[:-1]) + f" and {_WAYS[-1]}"
