"""Two plans compared by block: added, removed, changed, and what becomes of every state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec
import networkx as nx

from slac.plan.changes.heirs import Heir, heirs
from slac.plan.changes.state import Fate, fate_of, is_stateful, worst
from slac.plan.changes.words import words_of
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, LinkOutNode

_DERIVED: Final = frozenset({"dtype", "nullable", "sql", "schema", "payload", "context", "depth", "node"}) | {
    "gate",
    "contract",
    "counted",
    "units",
    "uncounted",
    "whole_by",
}
Change = Literal["added", "removed", "changed", "same"]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word of a block whose value is another; None where the word was, or is, not there."""

    word: str
    old: str | None
    new: str | None


class BlockChange(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a block: its words that differ, and its state (None where it has none, or is new)."""

    block: str
    change: Change
    words: tuple[Word, ...] = ()
    state: Fate | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """All blocks of both plans. `same_meaning`: a runtime of today goes on with its state directory."""

    old: str
    new: str
    blocks: tuple[BlockChange, ...]
    same_meaning: bool

    @property
    def equal(self) -> bool:
        """Whether there is no difference at all."""
        return self.old == self.new and all(b.change == "same" for b in self.blocks)


def compare(old: Plan, new: Plan, *, placed: tuple[Plan, Plan]) -> Changes:
    """Compare two plans that were collapsed to one node each; `placed` are the same ones as they run on their nodes."""
    before, after = _groups(old), _groups(new)
    homes = _homes(placed[0]), _homes(placed[1])
    carried = heirs(*placed)
    changes = {}
    for block in [*before, *(b for b in after if b not in before)]:
        mine = [h for h in carried.values() if placed[1][h.id].block == block]
        changes[block] = _block(block, before.get(block, ()), after.get(block, ()), homes, mine)
    changes = {name: _renamed_document(c, old, new) for name, c in changes.items()}
    return Changes(
        old=old.document,
        new=new.document,
        blocks=tuple(_upstream(changes, new)),
        same_meaning=placed[0].meaning == placed[1].meaning,
    )


def _groups(plan: Plan) -> dict[str, tuple[AnyNode, ...]]:
    """The nodes of each block, blocks in the order of the plan."""
    groups: dict[str, list[AnyNode]] = {}
    for node in plan.nodes:
        groups.setdefault(node.block, []).append(node)
    return {block: tuple(nodes) for block, nodes in groups.items()}


def _homes(plan: Plan) -> Mapping[str, str]:
    """The nodes on which the parts of each block run."""
    homes: dict[str, dict[str, None]] = {}
    for node in plan.nodes:
        if not isinstance(node, LinkInNode | LinkOutNode):
            homes.setdefault(node.block, {})[node.node] = None
    return {block: " and ".join(nodes) for block, nodes in homes.items()}


def _block(
    block: str,
    before: tuple[AnyNode, ...],
    after: tuple[AnyNode, ...],
    homes: tuple[Mapping[str, str], Mapping[str, str]],
    carried: Iterable[Heir],
) -> BlockChange:
    if not before:
        return BlockChange(block=block, change="added", words=_differ({}, words_of(after)))
    stateful = any(is_stateful(n) for n in before)
    if not after:
        gone = Fate(outcome="lost", why="the block is gone") if stateful else None
        return BlockChange(block=block, change="removed", state=gone)
    node_before, node_after = (home.get(block, "") for home in homes)
    words = _differ(words_of(before) | {"node": node_before}, words_of(after) | {"node": node_after})
    if not words and [_bare(n) for n in before] != [_bare(n) for n in after]:
        words = (Word(word="definition", old=None, new=None),)
    state = worst(_fates(before, after))
    if stateful and node_before != node_after:
        # Where its parts run decides what can be carried.
        state = worst([*(h.fate for h in carried), *([state] if state is not None else [])])
    return BlockChange(block=block, change="changed" if words else "same", words=words, state=state)


def _differ(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Word, ...]:
    words = [*before, *(w for w in after if w not in before)]
    # A field that nobody reads is not in the plan, so that one which comes or goes is no change of the input.
    shown = [w for w in words if not w.startswith("field ") or (w in before and w in after)]
    return tuple(Word(word=w, old=before.get(w), new=after.get(w)) for w in shown if before.get(w) != after.get(w))


def _bare(value: Any) -> Any:
    """What a node says beside types and texts, which follow from the blocks above it."""
    match value:
        case msgspec.Struct():
            return _bare(msgspec.structs.asdict(value))
        case dict():
            return {k: _bare(v) for k, v in value.items() if k not in _DERIVED}
        case list() | tuple():
            return [_bare(v) for v in value]
    return value


def _fates(before: tuple[AnyNode, ...], after: tuple[AnyNode, ...]) -> Iterator[Fate]:
    """The fate of every stateful node of a block; one that is new has nothing to lose."""
    now = {n.id: n for n in after}
    for node in filter(is_stateful, before):
        if node.id in now and is_stateful(now[node.id]):
            yield fate_of(node, now[node.id])
        else:
            yield Fate(outcome="lost", why="what remembered it is gone from the block")


def _renamed_document(change: BlockChange, old: Plan, new: Plan) -> BlockChange:
    """Ids are hashed from the document's name, so nothing survives another name."""
    if old.document == new.document or change.state is None or change.state.outcome == "lost":
        return change
    why = f'the document was called "{old.document}", and ids are hashed from the name'
    return msgspec.structs.replace(change, state=Fate(outcome="lost", why=why))


def _upstream(changes: Mapping[str, BlockChange], new: Plan) -> Iterator[BlockChange]:
    """A state that is kept may hold rows from before a change further up: said, because numbers show it for a while."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((new[i].block, n.block) for n in new.nodes for i in n.inputs)
    touched = {b for b, c in changes.items() if c.change in {"changed", "added"}}
    for block, change in changes.items():
        above = sorted(touched & _above(graph, block))
        state = change.state
        if above and state is not None and state.outcome != "lost":
            why = f"{state.why}; it holds rows from before the change of {', '.join(above)}"
            yield msgspec.structs.replace(change, state=msgspec.structs.replace(state, why=why))
        else:
            yield change


def _above(graph: nx.DiGraph[str], block: str) -> set[str]:
    return {str(b) for b in nx.ancestors(graph, block) if b != block} if block in graph else set()
