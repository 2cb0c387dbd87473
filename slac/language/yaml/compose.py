"""From YAML events to the tree with positions, inside limits of size, depth and aliases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml import events as ev

from slac.diagnostics import Diagnostic, Position, Related, Source, Span
from slac.language.yaml.errors import syntax_finding
from slac.language.yaml.nodes import Items, Mapping, Node, Scalar
from slac.language.yaml.positions import between, position
from slac.language.yaml.scalars import typed
from slac.language.yaml.segments import segments_of

MAX_CHARACTERS = 4_000_000
MAX_NODES = 250_000
MAX_EXPANDED = 50_000
"""Values that aliases may add."""
MAX_DEPTH = 32

_QUICK: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, where PyYAML was built with it: the same events at the same places."""

_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "int", "float", "bool", "null"))


def compose(source: Source) -> tuple[Node | None, list[Diagnostic]]:
    """The tree of the only document in `source`, or None with what stands in the way.

    Duplicate keys and unknown tags are found without losing the tree; the first of two equal keys counts.
    """
    if len(source.text) > MAX_CHARACTERS:
        summary = f"the document has {len(source.text)} characters; slac reads up to {MAX_CHARACTERS}"
        return None, [_too_large(summary, _start(source))]
    try:
        return _composed(_Composer(source, _QUICK))
    except yaml.YAMLError:
        # The slow parser says better what is wrong, and where.
        composer = _Composer(source, yaml.SafeLoader)
    try:
        return _composed(composer)
    except yaml.YAMLError as error:
        return None, [*composer.diagnostics, syntax_finding(source, error)]


def _composed(composer: _Composer) -> tuple[Node | None, list[Diagnostic]]:
    try:
        root = composer.document()
    except _Stopped as stopped:
        return None, [*composer.diagnostics, stopped.diagnostic]
    return root, composer.diagnostics


class _Stopped(Exception):
    """Reading cannot go on."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.summary)


def _start(source: Source) -> Span:
    return Span(source, Position(1, 1), Position(1, 2))


def _too_large(summary: str, span: Span) -> Diagnostic:
    return Diagnostic(
        code="yaml/too-large", summary=summary, span=span, details="split it into several documents in one folder"
    )


class _Composer:
    """One pass over the events of one source."""

    def __init__(self, source: Source, loader: Any) -> None:
        self.source = source
        self.lines = source.text.splitlines()
        self.diagnostics: list[Diagnostic] = []
        self.anchors: dict[str, Node] = {}
        self.open_anchors: set[str] = set()
        self.expanded = 0
        # Any: the stubs know neither anchors nor that marks are never None.
        self.events: Iterator[Any] = yaml.parse(source.text, Loader=loader)

    def document(self) -> Node | None:
        """The root of the first document; a second one is a finding."""
        root: Node | None = None
        for event in self.events:
            match event:
                case ev.DocumentStartEvent() if root is not None:
                    text, hint = "a second YAML document begins here", "put it into a file of its own"
                    raise _Stopped(self._finding("yaml/many-documents", text, event, hint))
                case ev.DocumentStartEvent():
                    root = self.node(next(self.events), 1, flow=False)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise _Stopped(
                Diagnostic(
                    code="yaml/empty",
                    summary="the file holds no document",
                    span=_start(self.source),
                    details='an SLA document begins with "apiVersion: slac/v1" and "kind: SLA"',
                )
            )
        return root

    def node(self, event: Any, depth: int, *, flow: bool) -> Node:
        """The node that begins with `event`; takes the events up to its end."""
        if depth > MAX_DEPTH:
            span = between(self.source, event.start_mark, event.end_mark)
            raise _Stopped(_too_large(f"the document is nested more than {MAX_DEPTH} levels deep", span))
        if isinstance(event, ev.AliasEvent):
            return self._alias(event, depth)
        self._check_tag(event)
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        node = self._built(event, depth, flow=flow)
        self._check_size(node)
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = node
        return node

    def _built(self, event: Any, depth: int, *, flow: bool) -> Node:
        match event:
            case ev.MappingStartEvent(flow_style=in_flow):
                return self._mapping(event, depth, flow=flow or bool(in_flow))
            case ev.SequenceStartEvent(flow_style=in_flow):
                return self._items(event, depth, flow=flow or bool(in_flow))
        return self._scalar(event, flow=flow)

    def _scalar(self, event: Any, *, flow: bool) -> Scalar:
        start, end = position(event.start_mark), position(event.end_mark)
        style = event.style or None
        is_plain = style is None and event.tag != "tag:yaml.org,2002:str"
        known_place = event.anchor is None and event.tag is None
        segments = segments_of(event.value, self.lines, start, end, style) if known_place else ()
        if style in ("|", ">") and segments:
            start, end = segments[0].start, segments[-1].at(segments[-1].offset + segments[-1].length)
        return Scalar(
            text=event.value,
            value=typed(event.value) if is_plain else event.value,
            span=Span(self.source, start, end),
            plain=is_plain,
            flow=flow,
            segments=segments,
        )

    def _mapping(self, event: Any, depth: int, *, flow: bool) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        merged: list[tuple[Scalar, Node]] = []
        end = event
        for item in self.events:
            end = item
            if isinstance(item, ev.MappingEndEvent):
                break
            key = self.node(item, depth + 1, flow=flow)
            value = self.node(next(self.events), depth + 1, flow=flow)
            if isinstance(key, Scalar) and key.plain and key.text == "<<":
                merged += self._refused_merge(key, value)
            else:
                self._add_entry(entries, key, value)
        for key, value in merged:
            entries.setdefault(key.text, (key, value))
        pairs = tuple(entries.values())
        return Mapping(
            entries=pairs,
            span=between(self.source, event.start_mark, end.end_mark),
            flow=flow,
            size=1 + sum(k.size + v.size for k, v in pairs),
            height=1 + max((v.height for _, v in pairs), default=0),
        )

    def _refused_merge(self, key: Scalar, value: Node) -> tuple[tuple[Scalar, Node], ...]:
        """What `<<` would bring in: it is told once, and not again by keys that seem to be missing."""
        self.diagnostics.append(
            Diagnostic(
                code="yaml/merge-key",
                summary="slac takes no YAML merge key: `<<` is not part of YAML 1.2",
                span=key.span,
                suggestion="write the keys out, use `*name` for a whole value, or `imports` and `parameters`",
            )
        )
        return value.entries if isinstance(value, Mapping) else ()

    def _add_entry(self, entries: dict[str, tuple[Scalar, Node]], key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.diagnostics.append(
                Diagnostic(
                    code="yaml/syntax",
                    summary="a key must be a plain name, not a list or a mapping",
                    span=key.span,
                    suggestion="put quotes around text that begins with [ or {",
                )
            )
        elif key.text in entries:
            self.diagnostics.append(
                Diagnostic(
                    code="yaml/duplicate-key",
                    summary=f'the key "{key.text}" stands twice in the same mapping',
                    span=key.span,
                    suggestion="keep one of the two, or give one another name",
                    related=(Related(entries[key.text][0].span, "it stands here first"),),
                )
            )
        else:
            entries[key.text] = (key, value)

    def _items(self, event: Any, depth: int, *, flow: bool) -> Items:
        items: list[Node] = []
        end = event
        for item in self.events:
            end = item
            if isinstance(item, ev.SequenceEndEvent):
                break
            items.append(self.node(item, depth + 1, flow=flow))
        return Items(
            items=tuple(items),
            span=between(self.source, event.start_mark, end.end_mark),
            flow=flow,
            size=1 + sum(item.size for item in items),
            height=1 + max((item.height for item in items), default=0),
        )

    def _alias(self, event: Any, depth: int) -> Node:
        node = self.anchors.get(event.anchor)
        if event.anchor in self.open_anchors:
            raise _Stopped(self._finding("yaml/alias", f'the alias "*{event.anchor}" stands inside itself', event))
        if node is None:
            text = f'no anchor "&{event.anchor}" stands before this alias'
            raise _Stopped(
                self._finding("yaml/alias", text, event, "put quotes around text that begins with * (or & or !)")
            )
        self.expanded += node.size
        if self.expanded > MAX_EXPANDED or depth + node.height > MAX_DEPTH:
            text = f"aliases blow the document up to more than {MAX_EXPANDED} values or {MAX_DEPTH} levels"
            raise _Stopped(self._finding("yaml/alias", text, event))
        return node

    def _check_size(self, node: Node) -> None:
        if node.size > MAX_NODES:
            raise _Stopped(_too_large(f"the document holds more than {MAX_NODES} values", _start(self.source)))

    def _check_tag(self, event: Any) -> None:
        tag = event.tag
        if tag is not None and tag not in _CORE_TAGS:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            hint = "leave the tag out, or put quotes around text that begins with !"
            self.diagnostics.append(self._finding("yaml/tag", f'slac takes no YAML tag "{shown}"', event, hint))

    def _finding(self, code: str, summary: str, event: Any, suggestion: str = "") -> Diagnostic:
        span = between(self.source, event.start_mark, event.end_mark)
        return Diagnostic(code=code, summary=summary, span=span, suggestion=suggestion)
