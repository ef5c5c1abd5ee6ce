"""NATS, Redis and Mosquitto to compare with: no STOMP, but what people use instead of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import Broker, StartError


@contextmanager
def nats() -> Iterator[Broker]:
    """Start a NATS server with nothing but its port said."""
    with processes.place("nats") as place:
        (port,) = processes.free_ports(1)
        yield from _running("nats-server", ["--addr", "127.0.0.1", "--port", str(port)], place, port)


@contextmanager
def redis() -> Iterator[Broker]:
    """Start a Redis that writes nothing to the disk."""
    with processes.place("redis") as place:
        (port,) = processes.free_ports(1)
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        yield from _running("redis-server", options, place, port)


@contextmanager
def mosquitto() -> Iterator[Broker]:
    """Start a Mosquitto that writes nothing to the disk."""
    with processes.place("mosquitto") as place:
        (port,) = processes.free_ports(1)
        configuration = place / "mosquitto.conf"
        configuration.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\nuser root\n"
        )
        yield from _running("mosquitto", ["-c", str(configuration)], place, port)


def _running(name: str, options: list[str], place: Path, port: int) -> Iterator[Broker]:
    program = processes.program(name)
    if program is None:
        raise StartError(f"{name} is not installed")
    words = [program, *options]
    with processes.running(words, place, ports=[port]) as pid:
        command = processes.spoken(words, {str(place): "DIR", program: name, str(port): "PORT"})
        yield Broker(pid, port, 0, command)
