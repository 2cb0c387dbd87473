"""The transition table of an audit, and what is made of it: checks, a drawing, and a machine that steps one key.

Theory of operation: a machine moves by *conditions*. Each row of a key meets exactly one of them: the first `when` in
document order that is true, else `otherwise` (none is true, and not all are NULL), else `no data` (all are NULL). The
table says for every state and every condition which state comes next; all that can happen to an audit's state is in it.
The columnar engine (`slac.runtime.audits`) runs this table for all keys at once; the `transitions` machine built here
runs it for one. A test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal

from slac.plan.conditions.regions import overlaps, truth_of
from slac.plan.nodes import AuditNode, StateSpec

if TYPE_CHECKING:
    from transitions import Machine

OTHERWISE: Final = "otherwise"
"""No condition is true, and not all are NULL."""
NO_DATA: Final = "no data"
"""All conditions are NULL."""
NO_DATA_STATE: Final = "no_data"
"""The state that `no_data: ok | violated | undecided` leads to."""
UNDETERMINED: Final = "(undetermined)"
"""Held before the first evaluation where the document names no `initial`; it is never published."""

Verdict = Literal["OK", "VIOLATED", "UNDECIDED"]
FindingKind = Literal["unknown", "reserved", "unreachable", "ambiguous", "undecided"]

_VERDICTS: Final[Mapping[str, Verdict]] = {"ok": "OK", "violated": "VIOLATED", "undecided": "UNDECIDED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionTable:
    """Where each condition leads from each state.

    `states` are the declared ones in document order, then those that the audit implies (`no_data`, undetermined), with
    `verdicts` and `report_every` (µs) beside them. `conditions`: `when <state>` in document order, `otherwise`,
    `no data`. `moves`: (state, condition) → state, complete. `specs` are the declared states as the plan has them.
    """

    states: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    report_every: tuple[int | None, ...]
    conditions: tuple[str, ...]
    start: str
    moves: Mapping[tuple[str, str], str]
    specs: tuple[StateSpec, ...]

    def matrix(self) -> list[list[int]]:
        """The same moves by position: `matrix[state][condition]` is the index of the next state."""
        index = {name: i for i, name in enumerate(self.states)}
        return [[index[self.moves[s, c]] for c in self.conditions] for s in self.states]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFinding:
    """Something to say about a machine.

    `unknown`: `initial` names no state; `reserved`: a state has the name of an implied one; `unreachable`: no row leads
    to the state; `ambiguous`: the conditions of two states overlap; `undecided`: they may, and the first of `states`
    wins. `detail` is a sentence.
    """

    kind: FindingKind
    states: tuple[str, ...]
    detail: str


def transition_table(node: AuditNode) -> TransitionTable:
    """The table of an audit. An `initial` that names no state is kept as it is: `check_machine` reports it."""
    declared = tuple(s.name for s in node.states)
    start = node.initial if node.initial is not None else UNDETERMINED
    implied = [NO_DATA_STATE] if node.no_data != "hold" and NO_DATA_STATE not in declared else []
    if start not in (*declared, *implied):
        implied.append(start)
    states = (*declared, *implied)
    conditions = (*(f"when {s}" for s in declared), OTHERWISE, NO_DATA)
    verdicts = {NO_DATA_STATE: _VERDICTS.get(node.no_data, "UNDECIDED")}
    verdicts |= {s.name: _VERDICTS[s.verdict] for s in node.states}
    every = {s.name: s.report_every for s in node.states}
    moves = {(s, f"when {target}"): target for s in states for target in declared}
    moves |= {(s, OTHERWISE): s for s in states}
    moves |= {(s, NO_DATA): s if node.no_data == "hold" else NO_DATA_STATE for s in states}
    return TransitionTable(
        states=states,
        verdicts=tuple(verdicts.get(s, "UNDECIDED") for s in states),
        report_every=tuple(every.get(s) for s in states),
        conditions=conditions,
        start=start,
        moves=moves,
        specs=node.states,
    )


def build_machine(table: TransitionTable, model: Any = None) -> Machine:
    """A `transitions` machine of the table, whose triggers are the conditions (`model.trigger("when up")`).

    `model`: the object that holds the state of one key; None for a machine that is only looked at.
    """
    from transitions import Machine

    return Machine(
        model=model,
        states=list(table.states),
        transitions=[[condition, source, target] for (source, condition), target in table.moves.items()],
        initial=table.start,
        auto_transitions=False,
    )


class KeyMachine:
    """One key of an audit, stepped by conditions: `state` is the name of the state it is in."""

    state: str

    def __init__(self, table: TransitionTable) -> None:
        self._machine = build_machine(table, model=self)

    def step(self, condition: str) -> str:
        """Meet a condition of the table; returns the state that it led to. KeyError for one that is not there."""
        self._machine.events[condition].trigger(self)
        return self.state


def check_machine(table: TransitionTable) -> tuple[MachineFinding, ...]:
    """Everything that is to be said about a machine before it runs, worst first."""
    declared = [s.name for s in table.specs]
    found = list(_names(table, declared))
    found += _unreachable(table, declared)
    pairs = list(_pairs(table))
    return (*found, *sorted(pairs, key=lambda f: f.kind != "ambiguous"))


def _names(table: TransitionTable, declared: list[str]) -> Iterator[MachineFinding]:
    if table.start not in (*declared, UNDETERMINED):
        known = ", ".join(declared)
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
        for condition in possible:
            target = machine.events[condition].transitions[source][0].dest
            if target is not None and target not in seen:
                seen.add(target)
                open_states.append(target)
    for name in declared:
        if name not in seen:
            yield MachineFinding(kind="unreachable", states=(name, *why[name][1]), detail=why[name][0])


def _possible(table: TransitionTable) -> tuple[list[str], dict[str, tuple[str, tuple[str, ...]]]]:
    """The conditions that some row can meet; for the other states a sentence that says why not, and who is to blame."""
    possible, always = [OTHERWISE, NO_DATA], None
    why: dict[str, tuple[str, tuple[str, ...]]] = {}
    for spec in table.specs:
        region = truth_of(spec.when).true
        if region.empty:
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
    moves = {s: {table.moves[s, c] for c in possible} for s in table.states}
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
    labels = {f"when {s.name}": s.when_sql or f"when {s.name}" for s in table.specs}
    for (source, condition), target in table.moves.items():
        if source != target:
            left = start if source == UNDETERMINED else index[source]
            lines.append(f"    {left} --> {index[target]}: {_label(labels.get(condition, condition))}")
    return "\n".join([*lines, *_notes(table, index)]) + "\n"


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
