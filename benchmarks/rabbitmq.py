"""A RabbitMQ to compare with: one of our own, on loopback and ports of its own, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.interop.serving import Serving

STARTUP_SECONDS = 60.0
END_SECONDS = 30.0
_PROGRAMS = "/usr/lib/rabbitmq/bin"


def is_installed() -> bool:
    """Say whether there is one to start."""
    return _program("rabbitmq-server") is not None


@contextmanager
def running() -> Iterator[Serving]:
    """Start it with the STOMP and Web STOMP plugins, and stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as place:
        ports = dict(zip(("amqp", "stomp", "http", "epmd", "node"), _free_ports(5), strict=True))
        environment = _configure(Path(place), ports)
        process = subprocess.Popen(
            [str(_program("rabbitmq-server"))],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield Serving(_pid(Path(place), ports), ports["stomp"], ports["http"])
        finally:
            _stop(process, environment, ports["epmd"])


def _program(name: str) -> str | None:
    """Find the program itself: the wrapper on the PATH would change to another user."""
    return shutil.which(name, path=_PROGRAMS) or shutil.which(name)


def _configure(place: Path, ports: Mapping[str, int]) -> dict[str, str]:
    (place / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{ports['amqp']}\n"
        f"stomp.listeners.tcp.1 = 127.0.0.1:{ports['stomp']}\n"
        "web_stomp.tcp.ip = 127.0.0.1\n"
        f"web_stomp.tcp.port = {ports['http']}\n"
    )
    (place / "enabled_plugins").write_text("[rabbitmq_stomp,rabbitmq_web_stomp].\n")
    return {
        **os.environ,
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


def _pid(place: Path, ports: Mapping[str, int]) -> int:
    """Wait until both listeners answer, and return the process that listens."""
    deadline = time.monotonic() + STARTUP_SECONDS
    while not (_answers(ports["stomp"]) and _answers(ports["http"])):
        if time.monotonic() > deadline:
            raise TimeoutError("RabbitMQ did not start")
        time.sleep(0.25)
    return int((place / "pid").read_text())


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _stop(process: "subprocess.Popen[bytes]", environment: Mapping[str, str], epmd: int) -> None:
    """End what was started: the broker by its group, Erlang's port mapper by its port."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(
        ["epmd", "-port", str(epmd), "-kill"],
        env=environment,
        capture_output=True,
        check=False,
        timeout=END_SECONDS,
    )
