"""The transition table of an audit, and what is made of it: checks, a drawing, and a machine that steps one key.

Theory of operation: a machine moves by *conditions*. Each row of a key meets exactly one of them: the first `when` in
document order that is true, else `otherwise` (none is true, and not all are NULL), else `no data` (all are NULL); or,
where estimates leave open which of them it is, `undecided`, which holds the state. The table says for every state and
every condition which state comes next; all that can happen to an audit's state is in it.
Time moves a state by `after`. A state that `follows` others is entered from them only: elsewhere its condition holds
the state as it is. A state that only time leads to stands for those that it follows: the condition that
holds them holds it. A condition that must hold for a while is a guard on the moves that it makes. The columnar engine
(`slac.runtime.audits`) runs this table for all keys at once; the `transitions` machine built here runs it for one. A
test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal

from slac.language.durations import format_duration
from slac.plan.conditions.regions import overlaps, truth_of
from slac.plan.expressions import Call
from slac.plan.guards import After, Schedule, Settle, intervals, settle_text
from slac.plan.nodes import AuditNode, StateSpec

if TYPE_CHECKING:
    from transitions import Machine

OTHERWISE: Final = "otherwise"
"""No condition is true, and not all are NULL."""
NO_DATA: Final = "no data"
"""All conditions are NULL."""
UNDECIDED: Final = "undecided"
"""Which condition it is depends on values that are known as estimates only."""
NO_DATA_STATE: Final = "no_data"
"""The state that `no_data: ok | violated | undecided` leads to."""
AFTER: Final = "after"
"""Nothing is met: the state has lasted as long as its `after` says."""
UNDETERMINED: Final = "(undetermined)"
"""Held before the first evaluation where the document names no `initial`; it is never published."""

Verdict = Literal["OK", "VIOLATED", "UNDECIDED"]
FindingKind = Literal["unknown", "reserved", "unreachable", "ambiguous", "undecided", "timed"]

_VERDICTS: Final[Mapping[str, Verdict]] = {"ok": "OK", "violated": "VIOLATED", "undecided": "UNDECIDED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionTable:
    """Where each condition leads from each state.

    `states` are the declared ones in document order, then those that the audit implies (`no_data`, undetermined), with
    `verdicts` and `report_every` (µs) beside them. `conditions`: `when <state>` in document order, `otherwise`,
    `no data`, `undecided`. `moves`: (state, condition) → state, complete, and (state, `after`) where time leads on.
    `specs` are the declared states as the plan has them. By state: `intervals` of its stays, `schedules` of its reports
    at times of the clock, `settle`, the guard on every move into it, and `after`, what time makes of it.
    """

    states: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    report_every: tuple[int | None, ...]
    conditions: tuple[str, ...]
    start: str
    moves: Mapping[tuple[str, str], str]
    specs: tuple[StateSpec, ...]
    intervals: tuple[tuple[int, ...], ...]
    schedules: tuple[tuple[Schedule, ...], ...]
    settle: tuple[Settle | None, ...]
    after: tuple[After | None, ...]

    def matrix(self) -> list[list[int]]:
        """The same moves by position: `matrix[state][condition]` is the index of the next state."""
        index = {name: i for i, name in enumerate(self.states)}
        return [[index[self.moves[s, c]] for c in self.conditions] for s in self.states]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFinding:
    """Something to say about a machine.

    `unknown`: `initial` or an `after` names no state; `reserved`: a state has the name of an implied one;
    `unreachable`: nothing leads to the state; `ambiguous`: the conditions of two states overlap; `undecided`: they may,
    and the first of `states` wins; `timed`: the first of `states` has a condition, and time leads to it from the
    second. `detail` is a sentence; `word` the word of the second state that it is about, where several may be.
    """

    kind: FindingKind
    states: tuple[str, ...]
    detail: str
    word: str = ""


def transition_table(node: AuditNode) -> TransitionTable:
    """The table of an audit. An `initial` that names no state is kept as it is: `check_machine` reports it."""
    declared = tuple(s.name for s in node.states)
    start = node.initial if node.initial is not None else UNDETERMINED
    implied = [NO_DATA_STATE] if node.no_data != "hold" and NO_DATA_STATE not in declared else []
    if start not in (*declared, *implied):
        implied.append(start)
    states = (*declared, *implied)
    conditions = (*(f"when {s}" for s in declared), OTHERWISE, NO_DATA, UNDECIDED)
    verdicts = {NO_DATA_STATE: _VERDICTS.get(node.no_data, "UNDECIDED")}
    verdicts |= {s.name: _VERDICTS[s.verdict] for s in node.states}
    specs = {s.name: s for s in node.states}
    every = {s.name: s.report_every for s in node.states}
    moves = {(s, f"when {target}"): target for s in states for target in declared}
    timed = _timed(node.states)
    # What a state does not follow holds its state; where nothing is known of a key, there is nothing to follow.
    guarded = {s.name: {*s.follows, s.name, *(set(states) - set(declared))} for s in node.states if s.follows}
    moves |= {(s, f"when {t}"): s for t, sources in guarded.items() for s in declared if s not in sources}
    moves |= {(s, f"when {t}"): s for s in states for t in timed}
    moves |= {(t, f"when {s}"): t for t, stands_for in timed.items() for s in stands_for}
    moves |= {(s, OTHERWISE): s for s in states}
    moves |= {(s, NO_DATA): s if node.no_data == "hold" else NO_DATA_STATE for s in states}
    moves |= {(s, UNDECIDED): NO_DATA_STATE if node.no_data == "undecided" else s for s in states}
    moves |= {(s.name, AFTER): s.after.to for s in node.states if s.after is not None and s.after.to in specs}
    found = [specs.get(s) for s in states]
    return TransitionTable(
        states=states,
        verdicts=tuple(verdicts.get(s, "UNDECIDED") for s in states),
        report_every=tuple(every.get(s) for s in states),
        conditions=conditions,
        start=start,
        moves=moves,
        specs=node.states,
        intervals=tuple(intervals(s.report_every, s.backoff) if s else () for s in found),
        schedules=tuple(
            (*node.report_at, *(s.report_at if s else ())) if name != UNDETERMINED else ()
            for name, s in zip(states, found, strict=True)
        ),
        settle=tuple(s.settle if s else None for s in found),
        after=tuple(s.after if s and (s.name, AFTER) in moves else None for s in found),
    )


def _timed(states: tuple[StateSpec, ...]) -> dict[str, set[str]]:
    """The states that time leads to and no row, each with the states that it stands for."""
    into = {s.name: {o.name for o in states if o.after is not None and o.after.to == s.name} for s in states}
    by_time = {s.name for s in states if truth_of(s.when).true.empty and into[s.name]}
    found: dict[str, set[str]] = {}
    for name in by_time:
        behind, open_states = {name}, [name]
        while open_states:
            before = into[open_states.pop()] - behind
            behind |= before
            open_states += [s for s in before if s in by_time]
        found[name] = behind
    return found


def build_machine(table: TransitionTable, model: Any = None) -> Machine:
    """A `transitions` machine of the table, whose triggers are the conditions (`model.trigger("when up")`).

    `model`: the object that holds the state of one key, with the guard `settled`; None for a machine that is only
    looked at.
    """
    from transitions import Machine

    settle = dict(zip(table.states, table.settle, strict=True))
    guarded = {t for t in table.states if settle[t] is not None and model is not None}
    return Machine(
        model=model,
        states=list(table.states),
        transitions=[
            [condition, source, target, "settled" if target in guarded and source != target else None]
            for (source, condition), target in table.moves.items()
        ],
        initial=table.start,
        auto_transitions=False,
    )


class KeyMachine:
    """One key of an audit, stepped by conditions: `state` is the name of the state it is in."""

    state: str

    def __init__(self, table: TransitionTable) -> None:
        self._table = table
        self._settle = dict(zip(table.states, table.settle, strict=True))
        self._wanted: tuple[str, int, int] | None = None
        self._machine = build_machine(table, model=self)

    def step(self, condition: str, at: int = 0) -> str:
        """Meet a condition of the table at an instant (µs), or `after`; returns the state that it led to.

        KeyError for a condition that is not there.
        """
        event = self._machine.events[condition]
        if condition not in (NO_DATA, UNDECIDED, AFTER):
            self._wanted = self._waiting(self._table.moves[self.state, condition], at)
        event.trigger(self)
        return self.state

    def settled(self) -> bool:
        """The guard: whether the state that is wanted has been wanted for long enough."""
        assert self._wanted is not None
        state, rows, lasted = self._wanted[0], self._wanted[1], self._at - self._wanted[2]
        settle = self._settle[state]
        return settle is None or (rows >= settle.rows and lasted >= settle.time)

    def _waiting(self, target: str, at: int) -> tuple[str, int, int] | None:
        """The state that is wanted and not entered yet, by how many rows in a row, and since when."""
        self._at = at
        if target == self.state or self._settle[target] is None:
            return None
        if self._wanted is not None and self._wanted[0] == target:
            return (target, self._wanted[1] + 1, self._wanted[2])
        return (target, 1, at)


def check_machine(table: TransitionTable) -> tuple[MachineFinding, ...]:
    """Everything that is to be said about a machine before it runs, worst first."""
    declared = [s.name for s in table.specs]
    found = list(_names(table, declared))
    found += _unreachable(table, declared)
    pairs = list(_pairs(table))
    return (*found, *sorted(pairs, key=lambda f: f.kind != "ambiguous"))


def _names(table: TransitionTable, declared: list[str]) -> Iterator[MachineFinding]:
    known = ", ".join(declared)
    for spec in table.specs:
        for name in spec.follows:
            if name not in declared:
                text = f'there is no state "{name}"; the states of the audit are: {known}'
                yield MachineFinding(kind="unknown", states=(name, spec.name), detail=text, word="follows")
    for spec in table.specs:
        if spec.after is not None and spec.after.to not in declared:
            text = f'there is no state "{spec.after.to}"; the states of the audit are: {known}'
            yield MachineFinding(kind="unknown", states=(spec.after.to, spec.name), detail=text)
        elif spec.after is not None and not truth_of(_spec(table, spec.after.to).when).true.empty:
            text = f'"{spec.after.to}" has a condition, and after a time it follows "{spec.name}" without meeting it'
            yield MachineFinding(kind="timed", states=(spec.after.to, spec.name), detail=text)
    if table.start not in (*declared, UNDETERMINED):
        yield MachineFinding(
            kind="unknown", states=(table.start,), detail=f'there is no state "{table.start}"; its states are: {known}'
        )
    implied = NO_DATA_STATE in table.moves.values() and any(
        c == NO_DATA and t != s for (s, c), t in table.moves.items()
    )
    if implied and NO_DATA_STATE in declared:
        yield MachineFinding(
            kind="reserved",
            states=(NO_DATA_STATE,),
            detail=f'"{NO_DATA_STATE}" is the state that `no_data` leads to; give this one another name',
        )


def _unreachable(table: TransitionTable, declared: list[str]) -> Iterator[MachineFinding]:
    """Walk the machine from its start by all conditions that some row can meet."""
    possible, why = _possible(table)
    machine = build_machine(table)
    seen, open_states = {table.start}, [table.start]
    while open_states:
        source = open_states.pop()
        ways = [machine.events[c].transitions[source] for c in (*possible, AFTER) if c in machine.events]
        for target in (way[0].dest for way in ways if way):
            if target is not None and target not in seen:
                seen.add(target)
                open_states.append(target)
    for name in declared:
        if name not in seen:
            yield MachineFinding(kind="unreachable", states=(name, *why[name][1]), detail=why[name][0])


def _spec(table: TransitionTable, name: str) -> StateSpec:
    return next(s for s in table.specs if s.name == name)


def _possible(table: TransitionTable) -> tuple[list[str], dict[str, tuple[str, tuple[str, ...]]]]:
    """The conditions that some row can meet; for the other states a sentence that says why not, and who is to blame."""
    possible, always = [OTHERWISE, NO_DATA], None
    why: dict[str, tuple[str, tuple[str, ...]]] = {}
    for spec in table.specs:
        region = truth_of(spec.when).true
        if region.empty and not spec.when_sql and not isinstance(spec.when, Call):
            why[spec.name] = (
                f'nothing leads to the state "{spec.name}": it has no `when`, and no `after` names it',
                (),
            )
        elif region.empty:
            why[spec.name] = (f'no row can reach the state "{spec.name}": its condition is never true', ())
        elif always is not None:
            text = f'no row can reach the state "{spec.name}": the condition of "{always}", which stands before it,'
            why[spec.name] = (f"{text} is true for every row", (always,))
        else:
            possible.append(f"when {spec.name}")
            always = spec.name if region.everything else None
    return possible, why


def stuck_states(table: TransitionTable) -> frozenset[str]:
    """The declared states that can be reached and that no condition which some row can meet leads out of."""
    possible, _ = _possible(table)
    reached = {c.removeprefix("when ") for c in possible}
    moves = {s: {table.moves[s, c] for c in (*possible, AFTER) if (s, c) in table.moves} for s in table.states}
    return frozenset(s.name for s in table.specs if s.name in reached and moves[s.name] == {s.name})


def _pairs(table: TransitionTable) -> Iterator[MachineFinding]:
    for one, other in combinations(table.specs, 2):
        names = (one.name, other.name)
        match overlaps(one.when, other.when):
            case "overlap":
                text = f'the conditions of "{one.name}" and "{other.name}" can both be true for the same row'
                yield MachineFinding(kind="ambiguous", states=names, detail=text)
            case "undecided":
                text = f'where the conditions of "{one.name}" and "{other.name}" are both true, the first one wins'
                yield MachineFinding(kind="undecided", states=names, detail=text)
            case _:
                continue


def to_mermaid(table: TransitionTable) -> str:
    """The machine as a Mermaid state diagram, by what leads into each state."""
    index = {name: f"s{i}" for i, name in enumerate(table.states)}
    lines = ["stateDiagram-v2"]
    lines += [f"    state {_quoted(s)} as {index[s]}" for s in table.states if s != UNDETERMINED]
    start = "[*]" if table.start == UNDETERMINED else index[table.start]
    if start != "[*]":
        lines.append(f"    [*] --> {start}")
    for (source, condition), target in table.moves.items():
        if source != target:
            left = start if source == UNDETERMINED else index[source]
            lines.append(f"    {left} --> {index[target]}: {_label(_words(table, source, condition))}")
    return "\n".join([*lines, *_notes(table, index)]) + "\n"


def _words(table: TransitionTable, source: str, condition: str) -> str:
    """A move in words: the SQL of its condition and how long it must hold, or the time that makes it."""
    for spec in table.specs:
        if condition == f"when {spec.name}":
            text = spec.when_sql or condition
            return text if spec.settle is None else f"{text}, for {settle_text(spec.settle)}"
        if condition == AFTER and spec.name == source and spec.after is not None:
            return f"after {format_duration(spec.after.time)}"
    return condition


def _notes(table: TransitionTable, index: Mapping[str, str]) -> Iterator[str]:
    for state, verdict in zip(table.states, table.verdicts, strict=True):
        if state != UNDETERMINED:
            yield f"    {index[state]}: {verdict}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;") + '"'


def _label(text: str) -> str:
    """A colon, a semicolon or a line break would end a label."""
    marked = {":": "#colon;", ";": "#semi;"}
    return "".join(marked.get(c, c) for c in " ".join(text.split()))
