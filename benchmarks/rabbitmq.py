"""A RabbitMQ to compare with: with the STOMP plugins, and gone afterwards with all that it started."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import Broker, StartError

_PROGRAMS = Path("/usr/lib/rabbitmq/bin")


def find() -> str | None:
    """Find the program itself: the wrapper on the PATH would change to another user."""
    direct = _PROGRAMS / "rabbitmq-server"
    return str(direct) if direct.exists() else processes.program("rabbitmq-server")


@contextmanager
def start() -> Iterator[Broker]:
    """Start it with the STOMP and Web STOMP plugins, and stop it in the end."""
    server = find()
    if server is None:
        raise StartError("rabbitmq-server is not installed")
    with processes.place("rabbitmq") as place:
        ports = dict(zip(("amqp", "stomp", "web", "epmd", "node"), processes.free_ports(5), strict=True))
        environment = _configure(place, ports)
        try:
            with processes.running(
                [server], place, ports=[ports["stomp"], ports["web"]], environment=environment
            ):
                yield Broker(_pid(place), ports["stomp"], ports["web"], _COMMAND)
        finally:
            _stop_port_mapper(environment)


_COMMAND = "rabbitmq-server, plugins rabbitmq_stomp and rabbitmq_web_stomp, ports and folders of its own"


def _configure(place: Path, ports: Mapping[str, int]) -> dict[str, str]:
    (place / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{ports['amqp']}\n"
        f"stomp.listeners.tcp.1 = 127.0.0.1:{ports['stomp']}\n"
        "web_stomp.tcp.ip = 127.0.0.1\n"
        f"web_stomp.tcp.port = {ports['web']}\n"
    )
    (place / "enabled_plugins").write_text("[rabbitmq_stomp,rabbitmq_web_stomp].\n")
    return {
        "HOME": str(place),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "RABBITMQ_CONF_ENV_FILE": str(place / "none"),
        "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
        "RABBITMQ_DIST_PORT": str(ports["node"]),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "enabled_plugins"),
        "RABBITMQ_LOG_BASE": str(place / "log"),
        "RABBITMQ_MNESIA_BASE": str(place / "data"),
        "RABBITMQ_NODENAME": "bench@localhost",
        "RABBITMQ_PID_FILE": str(place / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _pid(place: Path) -> int:
    """Return the process that listens: the script that was started waits for it."""
    deadline = time.monotonic() + processes.STARTUP_SECONDS
    while not (place / "pid").exists():
        if time.monotonic() > deadline:
            raise StartError("RabbitMQ wrote no pid")
        time.sleep(processes.PATIENCE_SECONDS)
    return int((place / "pid").read_text())


def _stop_port_mapper(environment: Mapping[str, str]) -> None:
    """End Erlang's port mapper, which was started for this RabbitMQ, by its port."""
    epmd = processes.program("epmd")
    if epmd is not None:
        subprocess.run(
            [epmd, "-port", environment["ERL_EPMD_PORT"], "-kill"],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
            timeout=processes.END_SECONDS,
        )
