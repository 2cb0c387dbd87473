"""The control socket over real ZeroMQ, and the HTTP endpoints: who may ask what, and nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest
import zmq
import zmq.asyncio
from prometheus_client.parser import text_string_to_metric_families

from slac.diagnostics import RunFailed, UsageError
from slac.runtime.inspection.changing import AskCommit, AskPlan, AskPrepare, ChangeAnswer, ChangeQuestion, ThePlan
from slac.runtime.inspection.client import ask_status, places
from slac.runtime.inspection.http import observed
from slac.runtime.inspection.protocol import Answer, AskStatus, AskTap, Denied, Question, Told, answer_of, encode
from slac.runtime.inspection.server import ControlSocket
from slac.runtime.inspection.status import (
    BlockStatus,
    InputStatus,
    OutputStatus,
    PeerStatus,
    RuntimeStatus,
    SendingStatus,
)
from slac.runtime.shell.summary import InputSummary
from slac.runtime.trust.allowed import Entry, Scope
from slac.runtime.trust.curve import Dial, Door, dial_with
from slac.runtime.trust.keyring import KeyRing
from slac.runtime.trust.trust import Trust
from slac.shedding.readings import Reading
from slac.stream.clock import SystemClock
from slac.testing import free_port
from tests.runtime.inspection.somebody import SOMEBODY
from tests.runtime.inspection.test_taps import taps

COUNTS = InputSummary(
    seen=12, kept=10, dropped={"cpu": 2}, quarantined=3, late=1, unknown_fields=0, unheard=3, pressed=4
)
STATUS = msgspec.structs.replace(
    SOMEBODY,
    inputs={"hits": InputStatus(counts=COUNTS, fraction=0.5, queued_bytes=9, watermark=58_000_000, ended=False)},
    blocks={"large": BlockStatus(rows=4, late=1, held={"groups": 2})},
    peers={"edge/a": PeerStatus(connected=False, heard=30_000_000, watermarks={"s": 1})},
    sending=SendingStatus(connected=False, waiting_bytes=7, waiting_messages=1, watermarks={}),
    outputs={"mail": OutputStatus(published=1, waiting=2, failures=3)},
    checkpoint=4,
    checkpoint_taken=50_000_000,
    reading=Reading(at=0, cpu_cores=0.25, memory_bytes=100, network_bits=8),
)


async def told() -> RuntimeStatus:
    """What the runtime would say."""
    return STATUS


class Unchanging:
    """A runtime whose plan stays."""

    def on_change(self, asked: ChangeQuestion) -> ChangeAnswer:
        """What an admin is told."""
        return ThePlan(plan=b"{}", change=type(asked).__name__)


def control(
    path: Path, address: str | None = None, trust: Trust | None = None, *, shared: bool = False
) -> ControlSocket:
    """The socket of a runtime."""
    return ControlSocket(
        path,
        address,
        taps=taps(),
        status=told,
        clock=SystemClock(),
        trust=trust,
        shared=shared,
        changing=Unchanging(),
    )


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Play a story in an event loop of its own."""

    async def main() -> None:
        await story()

    asyncio.run(main())


async def asked(
    address: str, frames: Question | list[bytes], keys: Dial | None = None, wait: float = 10
) -> Answer | None:
    """The answer to a question; None for none."""
    socket = zmq.asyncio.Context.instance().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    if keys is not None:
        dial_with(socket, keys)
    socket.connect(address)
    try:
        await socket.send_multipart(frames if isinstance(frames, list) else [encode(frames)])
        return answer_of(await socket.recv()) if await socket.poll(wait * 1_000) else None
    finally:
        socket.close(linger=0)


def test_questions_of_the_owner(tmp_path: Path) -> None:
    """By the socket's file, which nobody else can open; nonsense is answered, and does no harm."""
    path = tmp_path / "run" / "shop.control"

    async def story() -> None:
        made = control(path)
        made.start()
        address = f"ipc://{path}"
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
        assert await asked(address, AskStatus()) == Told(status=STATUS)
        for nonsense, said in (
            ([b"nonsense"], "not a question"),
            ([b"a", b"b"], "one frame"),
            ([encode(AskStatus(version=9))], "version 9"),
            (AskTap(block="lage", rate=1), 'no block "lage" here; there are: hits, large; did you mean "large"?'),
        ):
            answer = await asked(address, nonsense)
            assert isinstance(answer, Denied)
            assert said in answer.reason
        assert isinstance(await asked(address, [b"x" * 70_000]), Denied)
        assert await asked(address, AskStatus()) == Told(status=STATUS)
        await made.stop()
        assert not path.exists()

    run(story)


def test_a_directory_far_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long path is dialled by the name that it has from here; from where it has no short one, that is said."""
    far = tmp_path / ("a" * 60) / ("b" * 60)
    path = far / "var" / "run" / "shop.control"
    path.parent.mkdir(parents=True)
    monkeypatch.chdir(far)

    async def story() -> None:
        made = control(path)
        made.start()
        for named in (far, Path()):
            (place,) = places(named)
            assert place.name == "shop"
            assert await asyncio.to_thread(ask_status, place) == STATUS
        monkeypatch.chdir(tmp_path)
        (place,) = places(far)
        with pytest.raises(UsageError, match=r"longer than \d+ bytes, also from here: ask from a directory"):
            ask_status(place)
        await made.stop()

    run(story)


def test_two_of_one_name(tmp_path: Path) -> None:
    """The second runtime is refused; a run that ends by itself goes on without a socket."""
    path = tmp_path / "shop.control"

    async def story() -> None:
        first = control(path)
        first.start()
        with pytest.raises(RunFailed, match="runs in this directory already"):
            control(path).start()
        other = control(path, shared=True)
        other.start()
        await other.stop()
        assert await asked(f"ipc://{path}", AskStatus()) is not None
        await first.stop()

    run(story)


def test_what_each_scope_may_do(tmp_path: Path) -> None:
    """Over TCP with keys: read sees the status, tap sees rows, and who is not allowed hears nothing."""
    ring, people = KeyRing(tmp_path / "central"), KeyRing(tmp_path / "people")
    own = ring.new("central/one")
    scopes_of: dict[str, tuple[Scope, ...]] = {
        "looker": ("read",),
        "tapper": ("tap",),
        "boss": ("admin",),
        "stranger": (),
    }
    for name, scopes in scopes_of.items():
        key = people.new(name).public
        if scopes:
            ring.allowed.allow(Entry(name=name, key=key, scopes=scopes))

    async def story() -> None:
        address = f"tcp://127.0.0.1:{free_port()}"
        trust = Trust(ring, own, Door(zmq.asyncio.Context.instance()))
        trust.door.start()
        made = control(tmp_path / "shop.control", address, trust)
        made.start()
        dial = {name: Dial(people.own(name), own.public) for name in people.names()}
        assert isinstance(await asked(address, AskStatus(), dial["looker"]), Told)
        refused = await asked(address, AskTap(block="large", rate=1), dial["looker"])
        assert isinstance(refused, Denied)
        assert "looker may not do this: it needs the scope tap" in refused.reason
        assert isinstance(await asked(address, AskStatus(), dial["tapper"]), Denied)
        assert await asked(address, AskTap(block="large", rate=1), dial["tapper"], wait=0.3) is None
        assert isinstance(await asked(address, AskPlan(), dial["boss"]), ThePlan)
        assert isinstance(await asked(address, AskPrepare(change="c", plan=b"x" * 70_000), dial["boss"]), ThePlan)
        for question in (AskPlan(), AskCommit(change="c")):
            refused = await asked(address, question, dial["looker"])
            assert isinstance(refused, Denied)
            assert "it needs the scope admin" in refused.reason
        assert isinstance(await asked(address, AskPrepare(change="c", plan=b"x" * 70_000), dial["tapper"]), Denied)
        assert await asked(address, AskStatus(), dial["stranger"], wait=0.5) is None
        assert await asked(address, AskStatus(), wait=0.5) is None
        await made.stop()
        trust.door.stop()

    run(story)


def test_nobody_changes_anything_without_keys(tmp_path: Path) -> None:
    """An address on loopback is for all on the machine to look; changes are asked for by the socket's file."""

    async def story() -> None:
        address = f"tcp://127.0.0.1:{free_port()}"
        made = control(tmp_path / "shop.control", address)
        made.start()
        assert isinstance(await asked(address, AskStatus()), Told)
        refused = await asked(address, AskPlan())
        assert isinstance(refused, Denied)
        assert "an address without keys takes no changes" in refused.reason
        assert isinstance(await asked(f"ipc://{tmp_path}/shop.control", AskPlan()), ThePlan)
        await made.stop()

    run(story)


def test_a_plain_socket_stays_on_its_machine(tmp_path: Path) -> None:
    """Without keys an address that others can reach is refused."""

    async def story() -> None:
        made = control(tmp_path / "shop.control", f"tcp://*:{free_port()}")
        with pytest.raises(RunFailed, match="open to everybody"):
            made.start()
        await made.stop()

    run(story)


def test_metrics_and_health() -> None:
    """What Prometheus reads, by its own parser; 503 while the runtime cannot do its part."""

    async def got(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=observed(told))
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as client:
            return await client.get(path)

    answer, alive, ready = (asyncio.run(got(path)) for path in ("/metrics", "/healthz", "/readyz"))
    assert alive.status_code == 200
    samples = {
        (
            s.name,
            s.labels.get("input") or s.labels.get("block") or s.labels.get("peer") or s.labels.get("output"),
        ): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }
    assert samples["slac_input_records_total", "hits"] == 12
    assert samples["slac_input_dropped_records_total", "hits"] == 2
    assert samples["slac_input_unheard_total", "hits"] == 3
    assert samples["slac_input_pressed_total", "hits"] == 4
    assert samples["slac_input_watermark_lag_seconds", "hits"] == 2
    assert samples["slac_block_rows_total", "large"] == 4
    assert samples["slac_block_held", "large"] == 2
    assert samples["slac_peer_connected", "edge/a"] == 0
    assert samples["slac_peer_silent_seconds", "edge/a"] == 30
    assert samples["slac_output_waiting_rows", "mail"] == 2
    assert samples["slac_cpu_cores", None] == 0.25
    assert samples["slac_checkpoint_age_seconds", None] == 10
    assert ready.status_code == 503
    assert ready.text.splitlines() == [
        "the receiver of what this runtime sends does not answer",
        "output mail: 2 rows wait",
        "input hits admits 50.0%",
    ]
