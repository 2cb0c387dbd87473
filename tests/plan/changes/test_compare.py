"""What differs between two documents, and what becomes of the state: the rules, each by an edit of one document."""

from collections.abc import Callable

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.changes import BlockChange, Changes, compare

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Order: {payload: {amount: float, number: int, shop: string, service: string}}}
  inputs:
    orders: {adapter: file, path: orders.ndjson, mode: once, emits: Order}
    limits: {adapter: file, path: limits.ndjson, mode: once, emits: Order}
  probes:
    large: {from: orders, where: amount > 100}
  computations:
    totals:
      from: large
      by: shop
      window: tumbling 10m
      select: [{total: SUM(amount)}, {orders: COUNT(*)}]
      then: [{state: "CASE WHEN total > 5 THEN 'many' ELSE 'few' END"}]
    beside:
      from: orders
      join: {l: {latest: limits, by: shop}}
      where: amount > l.amount
      select: [shop, amount]
  audits:
    trade:
      from: totals
      by: shop
      states:
        many: {when: state = 'many', verdict: ok}
        few: {when: state = 'few', verdict: violated}
      report:
        list: {from: totals, select: [{sum: SUM(total)}]}
  violations:
    dear: {from: large, where: amount > 1000, by: shop}
    quiet: {absent: orders, for: 5m}
  outputs:
    log: {adapter: stdout, from: [trade, dear, quiet, beside]}
"""


def changes(*edits: tuple[str, str]) -> Changes:
    """The document against itself with edits."""
    text = DOCUMENT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    collapsed, placed = (
        [compile_document(Source("x", t), CompileOptions(collapse=c)).plan for t in (DOCUMENT, text)]
        for c in (True, False)
    )
    return compare(*collapsed, placed=(placed[0], placed[1]))


def of(block: str, *edits: tuple[str, str]) -> BlockChange:
    """What happens to one block."""
    return next(b for b in changes(*edits).blocks if b.block == block)


RULES: list[tuple[str, str, str, str]] = [
    ("totals", "total > 5", "total > 9", "kept"),
    ("totals", "{total: SUM(amount)}", "{total: SUM(amount) * 2}", "kept"),
    ("totals", "by: shop\n      window", "by: [shop, service]\n      window", "lost"),
    ("totals", "tumbling 10m", "tumbling 5m", "lost"),
    ("totals", "{orders: COUNT(*)}", "{orders: COUNT(*)}, {most: MAX(amount)}", "lost"),
    ("totals", ", {orders: COUNT(*)}]", "]", "rebuilt"),
    ("totals", "shop: string", "shop: int", "lost"),
    ("totals", "amount > 100}", "amount > 50}", "kept"),
    ("trade", "when: state = 'many'", "when: total > 3", "kept"),
    ("trade", "verdict: ok", "verdict: ok, report_every: 1h", "kept"),
    ("trade", "verdict: ok", "verdict: ok, for: 2 windows", "kept"),
    ("trade", "      states:", "      flapping: {changes: 4, within: 1h}\n      states:", "rebuilt"),
    ("trade", "        few: {when", "        rare: {when", "rebuilt"),
    ("trade", "SUM(total)", "MAX(total)", "rebuilt"),
    ("dear", "amount > 1000", "amount > 2000", "kept"),
    ("dear", "amount > 1000, by: shop", "amount > 1000, by: service", "lost"),
    ("quiet", "for: 5m", "for: 6m", "kept"),
    ("beside", "amount > l.amount", "amount > l.amount + 1", "kept"),
    ("beside", "amount > l.amount", "number > l.number", "lost"),
    ("orders", "path: orders.ndjson, mode: once", "path: orders2.ndjson, mode: once", "kept"),
    ("orders", "adapter: file, path: orders.ndjson, mode: once", 'adapter: http, listen: "127.0.0.1:0"', "lost"),
    ("trade", "name: shop}", "name: store}", "lost"),
]


@pytest.mark.parametrize(("block", "old", "new", "outcome"), RULES, ids=[f"{r[0]}: {r[2].strip()}" for r in RULES])
def test_what_becomes_of_the_state(block: str, old: str, new: str, outcome: str) -> None:
    """As its rule says, with a reason."""
    state = of(block, (old, new)).state
    assert state is not None
    assert state.outcome == outcome
    assert state.why


def test_an_equal_document_differs_in_nothing() -> None:
    """Neither does one with other blanks, comments and order of keys."""
    same = changes(("from: large\n      by: shop\n", "by: shop   # key\n      from: large\n"))
    assert same.equal
    assert same.same_meaning


def test_changed_words_are_shown_with_both_values() -> None:
    """By the words of the language, as the user wrote them."""
    (word,) = of("totals", ("total > 5", "total > 9")).words
    assert (word.word, "5" in str(word.old), "9" in str(word.new)) == ("then", True, True)


@pytest.mark.parametrize(
    ("swap", "change"), [(lambda a, b: (a, b), "removed"), (lambda a, b: (b, a), "added")], ids=["removed", "added"]
)
def test_blocks_come_and_go(swap: Callable[[str, str], tuple[str, str]], change: str) -> None:
    """A block that is gone loses its state; one that is new has none to lose."""
    without = DOCUMENT.replace("    quiet: {absent: orders, for: 5m}\n", "").replace("dear, quiet,", "dear,")
    plans = [compile_document(Source("x", t), CompileOptions(collapse=True)).plan for t in swap(DOCUMENT, without)]
    block = next(b for b in compare(plans[0], plans[1], placed=(plans[0], plans[1])).blocks if b.block == "quiet")
    assert block.change == change
    assert (block.state is not None and block.state.outcome == "lost") == (change == "removed")


def test_a_change_further_up_is_named() -> None:
    """The state stays, but holds rows from before the change."""
    state = of("totals", ("amount > 100}", "amount > 50}")).state
    assert state is not None
    assert "before the change of large" in state.why


def test_another_node_loses_the_state() -> None:
    """State does not move between nodes yet, and the word `node` shows the move."""
    nodes = (
        "  placement:\n"
        "    edge: {blocks: [orders, large], connect: middle}\n"
        '    middle: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", address: "tcp://127.0.0.1:7000"}\n'
    )
    block = of("orders", ("quiet, beside]}\n", f"quiet, beside]}}\n{nodes}"))
    assert "node" in [w.word for w in block.words]
    assert block.state is not None
    assert block.state.outcome == "lost"


def test_secrets_are_not_shown() -> None:
    """A setting that may be one is only said to be there."""
    webhook = '    hook: {adapter: webhook, url: "http://x", headers: {authorization: s3cret}, from: [trade]}\n'
    block = of("hook", ("quiet, beside]}\n", f"quiet, beside]}}\n{webhook}"))
    assert not [w for w in block.words if "s3cret" in str(w.new)]
