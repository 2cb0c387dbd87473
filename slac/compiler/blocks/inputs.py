"""An input becomes a source."""

from __future__ import annotations

import re
from typing import Final

from slac.adapters.discovery import input_adapter
from slac.adapters.secrets import checked
from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.dispatch import lower_types, streams_of_types
from slac.compiler.contracts import contract_of
from slac.compiler.draft import EventType, merged
from slac.diagnostics import listed, suggest
from slac.language.document import InputDecl, RateDecl
from slac.language.shed_decls import SampledDecl
from slac.plan.nodes import RateSpec, SampledSpec, SourceNode
from slac.plan.shedding import GateSpec
from slac.plan.signatures import DURATION, MAP, STRING, TIMESTAMP
from slac.stream.types import Field, Schema

UNKNOWN: Final = "unknown"
"""The column of an input that keeps what no type declares."""
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def lower_input(block: InputDecl, lowering: Lowering) -> None:
    """One `SourceNode`; its adapter's settings were checked before."""
    event = merged([lowering.draft.events[e.type.name] for e in block.emits])
    mapping = tuple((m.field, path_text(m.steps)) for m in block.map)
    specs = lower_types(block, lowering, event)
    natural = lowering.keys(block.id, event.schema, block.name)
    if not _sound(block, lowering, event) or specs is None or len(natural) < len(block.id):
        return
    kept = (Field(UNKNOWN, MAP, nullable=False),) if block.unknown == "keep" else ()
    adapter = input_adapter(block.adapter.name)
    settings, _ = checked(adapter, {name: s.value for name, s in block.settings.items()})
    source = lowering.add(
        SourceNode(
            id=block.name,
            block=block.name,
            node="",
            schema=Schema(event.schema.fields + kept),
            adapter=block.adapter.name,
            settings=settings,
            event=event.name,
            payload=event.wire(event.payload),
            context=event.wire(event.context),
            mapping=mapping,
            time_mode=block.time.mode,
            time_unit=block.time.unit,
            lateness=block.time.lateness_us,
            idle=block.time.idle_us,
            rate=_rate(block.rate),
            gate=GateSpec(contract=contract_of(block.shed)),
            can_wait=adapter.CAN_WAIT,
            types=specs,
            natural_id=tuple(f.name for f in natural),
            retain=block.retain_us,
            until=block.until.name if block.until else None,
            unknown=block.unknown,
            sampled=_sampled(block.sampled),
            sensitive=event.sensitive,
            keeps_raw=(block.quarantine or ("reason" if event.clear else "full")) == "full",
        )
    )
    for stream in streams_of_types(block, lowering, source, specs):
        lowering.add(stream)


def _sound(block: InputDecl, lowering: Lowering, event: EventType) -> bool:
    before = len(lowering.found)
    _places_declared(block, lowering, event)
    _ends_in_time(block, lowering, event)
    _tells_samples(block, lowering, event)
    if block.unknown == "keep" and UNKNOWN in event.schema:
        lowering.say(
            "names/duplicate-column",
            f'`unknown: keep` adds a column "{UNKNOWN}", and "{event.name}" has a field of this name',
            block,
            suggestion="rename the field, or drop what is unknown",
        )
    if block.unknown == "keep" and event.clear:
        lowering.say(
            "privacy/field",
            f'`unknown: keep` would keep a misspelt "{event.clear[0].name}", which is sensitive, in clear',
            block,
            suggestion="leave `unknown` out, or write unknown: quarantine",
        )
    return len(lowering.found) == before


def _ends_in_time(block: InputDecl, lowering: Lowering, event: EventType) -> None:
    if block.until is None:
        return
    for end in lowering.keys((block.until,), event.schema, block.name):
        if end.dtype not in (TIMESTAMP, DURATION):
            lowering.say(
                "types/field",
                f'an event ends at a timestamp, or after a duration; "{end.name}" is {end.dtype}',
                block.until,
            )


def _tells_samples(block: InputDecl, lowering: Lowering, event: EventType) -> None:
    if block.sampled is None:
        return
    for place in (block.sampled.tracestate, block.sampled.trace):
        for said in lowering.keys((place,), event.schema, block.name):
            if said.name in event.sensitive:
                lowering.say(
                    "privacy/field", f'"{said.name}" is sensitive, and its gate would have to read it in clear', place
                )
            elif said.dtype != STRING:
                lowering.say("types/field", f'samplers leave texts; "{said.name}" is {said.dtype}', place)


def _sampled(decl: SampledDecl | None) -> SampledSpec | None:
    if decl is None:
        return None
    return SampledSpec(tracestate=decl.tracestate.name, trace=decl.trace.name, spans=decl.spans)


def path_text(steps: tuple[str, ...]) -> str:
    """Steps into JSON as the decoder reads them: keys joined by dots, one that holds a dot in double quotes."""
    return ".".join(step if _PLAIN.fullmatch(step) else f'"{step}"' for step in steps)


def _places_declared(block: InputDecl, lowering: Lowering, event: EventType) -> None:
    known = ("timestamp", *event.schema.names)
    for entry in block.map:
        if entry.field not in known:
            lowering.say(
                "names/unknown-column",
                f'the event type "{event.name}" has no field "{entry.field}"',
                entry,
                suggestion=suggest(entry.field, known),
                details=f"what `map` can place: {listed(known)}",
            )


def _rate(rate: RateDecl | None) -> RateSpec | None:
    if rate is None:
        return None
    return RateSpec(
        normal=rate.normal,
        burst=rate.burst,
        burst_for=rate.burst_for,
        keys=dict(rate.keys),
        skew=dict(rate.skew),
        passes={p.stream.name: p.share for p in rate.passes},
    )
