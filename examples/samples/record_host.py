"""`python -m examples.samples.record_host`: a minute and a half of this machine, of a server and of programs that log.

node_exporter tells of the machine; Prometheus, asked by us and observed by itself, of HTTP requests; nginx and a
program with Python's logging send syslog to rsyslog, which writes it down as events. All are Debian's packages, all on
the loopback.
"""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import httpx

from examples.samples.tape import Tape, scrape_for

HERE: Final = Path(__file__).parent
NODE: Final = "127.0.0.1:19100"
SERVER: Final = "127.0.0.1:19090"
WEB: Final = "127.0.0.1:18081"
MACHINE: Final = frozenset(
    {
        *("node_cpu_seconds_total", "node_vmstat_pgmajfault", "node_load1", "node_memory_MemTotal_bytes"),
        *("node_disk_io_time_seconds_total", "node_disk_io_time_weighted_seconds_total"),
        *("node_memory_MemAvailable_bytes", "node_filesystem_size_bytes", "node_filesystem_avail_bytes"),
        *("node_network_receive_errs_total", "node_network_transmit_errs_total"),
    }
)
HTTP: Final = frozenset(
    {
        "prometheus_http_requests_total",
        *(f"prometheus_http_request_duration_seconds_{p}" for p in ("sum", "count", "bucket")),
    }
)
ASKED: Final = frozenset({"/api/v1/query", "/-/healthy", "/metrics"})
_RSYSLOG: Final = """
global(workDirectory="{folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/log" UseSysTimeStamp="on")
template(name="event" type="string" string="{{\\"timestamp\\":\\"%timegenerated:::date-rfc3339%\\",\\"payload\\":{{\
\\"message\\":\\"%msg:2:$:json%\\",\\"level\\":\\"%syslogseverity-text%\\"}},\
\\"context\\":{{\\"service\\":\\"%programname%\\",\\"host\\":\\"web-1\\"}}}}\\n")
action(type="omfile" file="{folder}/events" template="event")
"""
_NGINX: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log syslog:server=unix:{folder}/log,nohostname,tag=nginx warn;
events {{}}
http {{
  log_format short '$request $status $body_bytes_sent';
  access_log syslog:server=unix:{folder}/log,nohostname,tag=nginx,severity=info short;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen {web}; root {folder}/www; location /shop {{ proxy_pass http://127.0.0.1:9; }} }}
}}
"""


@click.command()
@click.option("--seconds", default=90.0, show_default=True)
def main(seconds: float) -> None:
    """Record, and write three samples beside this file."""
    machine, server = Tape(names=MACHINE), Tape(names=HTTP)
    with tempfile.TemporaryDirectory() as name, _running(Path(name)):
        folder = Path(name)
        asyncio.run(_record(machine, server, folder, seconds))
        time.sleep(1)
        events = (folder / "events").read_text(encoding="utf-8").replace(name.replace("/", "\\/"), "\\/srv")
        (HERE / "syslog.ndjson").write_text(events, encoding="utf-8")
    (HERE / "node.ndjson").write_bytes(b"".join(machine.lines))
    (HERE / "http.ndjson").write_bytes(b"".join(line for line in server.lines if _asked(line)))


async def _record(machine: Tape, server: Tape, folder: Path, seconds: float) -> None:
    await asyncio.gather(
        scrape_for(machine, [f"http://{NODE}/metrics"], every=10, seconds=seconds),
        scrape_for(server, [f"http://{SERVER}/metrics"], every=10, seconds=seconds),
        _ask(seconds),
        asyncio.to_thread(_log, folder / "log", seconds),
    )


async def _ask(seconds: float) -> None:
    """Some requests a second, of which some are wrong, some give up at once, and some find nothing."""
    end = time.monotonic() + seconds
    async with httpx.AsyncClient(trust_env=False) as client:
        for number in range(100_000):
            if time.monotonic() > end:
                return
            query = "sum(" if number % 13 == 0 else "up"
            timeout = "1ns" if number % 9 == 0 and time.monotonic() > end - seconds / 2 else "10s"
            await client.get(f"http://{SERVER}/api/v1/query", params={"query": query, "timeout": timeout})
            await client.get(f"http://{SERVER}/-/healthy")
            if number % 4 == 0:
                await client.get(f"http://{WEB}/{'missing.html' if number % 16 == 0 else ''}")
            if time.monotonic() > end - seconds / 3:
                await client.get(f"http://{WEB}/shop")
            await asyncio.sleep(0.45)


def _log(socket: Path, seconds: float) -> None:
    """A program that takes orders, and runs out of something in the end."""
    handler = logging.handlers.SysLogHandler(address=str(socket))
    handler.setFormatter(logging.Formatter("orders: %(message)s"))
    log = logging.getLogger("orders")
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(logging.DEBUG)
    end = time.monotonic() + seconds
    for number in range(100_000):
        left = end - time.monotonic()
        if left < 0:
            break
        log.info("order %s of user %d took %d ms", uuid.uuid4(), 1000 + number % 17, 5 + number % 7)
        if number % 10 == 9:
            log.warning("stock of article %d is low: %d left", 4000 + number, number % 3)
        if left < seconds / 3:
            log.error('no connection to "stock" at 0x%x: timeout after %d ms', 0x7F00 + number, 200 + number)
        time.sleep(0.5)
    handler.close()


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    (folder / "www").mkdir()
    (folder / "www/index.html").write_text("a shop\n", encoding="utf-8")
    folder.chmod(0o755)
    (folder / "rsyslog.conf").write_text(_RSYSLOG.format(folder=folder), encoding="utf-8")
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, web=WEB), encoding="utf-8")
    scraped = f"{{job_name: self, scrape_interval: 5s, static_configs: [{{targets: ['{SERVER}']}}]}}"
    (folder / "prometheus.yml").write_text(f"scrape_configs: [{scraped}]\n", encoding="utf-8")
    commands = (
        ["rsyslogd", "-n", "-f", f"{folder}/rsyslog.conf", "-i", f"{folder}/rsyslog.pid"],
        ["prometheus-node-exporter", f"--web.listen-address={NODE}"],
        [
            *("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"),
            f"--web.listen-address={SERVER}",
        ],
        ["nginx", "-c", f"{folder}/nginx.conf"],
    )
    started = []
    try:
        for command in commands:
            with (folder / f"{command[0]}.out").open("wb") as out:
                started.append(subprocess.Popen(command, stdout=out, stderr=out))
            time.sleep(1)
        time.sleep(3)
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)


def _asked(line: bytes) -> bool:
    return any(b'"handler":"%s"' % handler.encode() in line for handler in ASKED)


if __name__ == "__main__":
    main()
