"""From a compiled plan to a running runtime: the process executes itself anew with the plan and its thread count.

Polars fixes its threads when it is imported, and the compiler's memory would stay resident for the whole run: both are
settled by starting over with nothing but the plan.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from slac.cli.console import say
from slac.diagnostics import RunFailed, SlacError, UsageError
from slac.plan.graph import Plan
from slac.plan.user import activate
from slac.runtime.recorder import Logbook
from slac.runtime.shell.settings import RunSettings
from slac.stream.clock import Clock
from slac.stream.ports import OutputAdapter

THREADS: Final = "POLARS_MAX_THREADS"
KEYS: Final = "SLAC_KEYS"
"""The directory of keys of all commands that need one."""
STORE: Final = "SLAC_STORE"
"""The address of the store, for those who do not want it among the arguments."""


def settled(environment: Mapping[str, str]) -> bool:
    """Whether this process was started with a thread count, by us or by the user."""
    return THREADS in environment


def execute_anew(plan: Plan, settings: RunSettings, summary: Path | None, environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by one that runs `plan` with as many threads as its CPU budget has cores, at least one."""
    from slac.shedding.budget import resolve_budget
    from slac.shedding.machine import read_machine

    cores = resolve_budget(plan.placement(settings.node).budget, read_machine()).cpu_cores
    handle = os.memfd_create("slac-plan", 0)
    os.write(handle, plan.to_json())
    os.set_inheritable(handle, True)
    command = [sys.executable, "-m", "slac.cli", "run", "--plan", f"/proc/self/fd/{handle}"]
    command += _options(settings, summary)
    # Only a user who allowed them has a compiled plan with functions; a plan from a file was checked just now.
    command += ["--allow-functions"] if plan.data.functions else []
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(  # noqa: S606 - it is ourselves
        sys.executable, command, {THREADS: str(max(1, int(cores))), **environment}
    )


def run_plan(plan: Plan, settings: RunSettings, summary: Path | None, store: str | None = None) -> None:
    """Run until the end; the summary goes to `summary` as JSON. RunFailed where unpublished rows are lost."""
    from slac.runtime.shell.process import Runtime
    from slac.runtime.shell.summary import unpublished_text
    from slac.runtime.shell.surroundings import Succession
    from slac.shedding.capacity.calibration import calibration_of
    from slac.shedding.capacity.walk import record_costs
    from slac.stream.clock import SystemClock

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for talkative in ("httpx", "alembic"):
        logging.getLogger(talkative).setLevel(logging.WARNING)

    async def main() -> None:
        clock, handed = SystemClock(), Succession(plan=plan)
        while True:
            current = handed.plan
            runtime = Runtime(
                current,
                settings,
                clock=clock,
                costs=record_costs(current, calibration_of(settings.calibration)),
                store=_store(current, settings, store, clock),
                logbook=_logbook(current, settings),
                handed=handed,
            )
            result = await runtime.run()
            if not isinstance(result, Succession):
                break
            handed = result
        if summary is not None:
            _write_summary(summary, result)
        if result.unpublished and not result.kept:
            raise RunFailed(unpublished_text(result))
        if result.unpublished:
            logging.getLogger("slac.runtime").warning("%s", unpublished_text(result))

    asyncio.run(main())


def _logbook(plan: Plan, settings: RunSettings) -> Logbook:
    """The log, also of a run that begins without one: it may be switched on."""
    from slac.runtime.shell.log_later import LogLater

    logging = plan.data.logging
    is_on = logging.mode != "off" or any(mode != "off" for mode in logging.blocks.values())
    return _run_log(plan, settings) if is_on else LogLater(lambda: _run_log(plan, settings))


def _run_log(plan: Plan, settings: RunSettings) -> Logbook:
    from slac.evidence.recorder import RunLog
    from slac.shedding.budget import resolve_budget
    from slac.shedding.machine import read_machine

    memory = resolve_budget(plan.placement(settings.node).budget, read_machine()).memory_bytes
    return RunLog(plan, node=settings.node, instance=settings.instance, directory=settings.directory, memory=memory)


def _store(plan: Plan, settings: RunSettings, address: str | None, clock: Clock) -> OutputAdapter | None:
    """What the store needs is loaded only where there is something to keep."""
    from slac.runtime.recording import recorded

    if address == "off" or not recorded(plan.part(settings.node)):
        return None
    from slac.store.wiring import store_of

    return store_of(plan, settings, address, clock)


def in_place(plan: Plan, settings: RunSettings) -> Plan:
    """The plan that was applied in place of this one to the runtime whose state directory it is; else this one."""
    from slac.runtime.durable.deployed import plan_in_place

    if settings.state is None:
        return plan
    found = plan_in_place(plan, settings.state / plan.document / settings.node / settings.instance)
    if found is not plan:
        activate(found.data.functions, allowed=bool(plan.data.functions))
        say(f"slac: {settings.node}/{settings.instance} goes on with the document that was applied to it, not this one")
    return found


def read_plan(path: str) -> Plan:
    """A plan that `slac compile -o` wrote, or that the process before this one left."""
    try:
        return Plan.from_json(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"the plan {path} cannot be read: {error.strerror}") from error


def _options(settings: RunSettings, summary: Path | None) -> list[str]:
    options = ["--node", settings.node, "--instance", settings.instance, "--expect", str(settings.expect)]
    options += ["--once"] if settings.once else []
    options += ["--state", str(settings.state)] if settings.state is not None else []
    named = {"--keys": settings.keys, "--control": settings.control, "--http": settings.http}
    named["--sensitive-key"] = settings.sensitive_key
    options += [text for name, value in named.items() if value is not None for text in (name, str(value))]
    return options + (["--summary", str(summary)] if summary is not None else [])


def _write_summary(path: Path, result: object) -> None:
    import msgspec

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    except OSError as error:
        raise SlacError(f"the summary cannot be written to {path}: {error.strerror}") from error
