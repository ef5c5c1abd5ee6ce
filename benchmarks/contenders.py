"""Who is measured: Hoofbeat, and the peers that this machine has."""

import subprocess
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

from benchmarks import activemq, ours, processes, pubsub, rabbitmq
from benchmarks.processes import Broker

Start = Callable[[], AbstractContextManager[Broker]]

JAVA_SECONDS = 30.0  # after some 20, ActiveMQ gets no faster

# What a workload may need that not everybody has.
IDS, HEADERS, ACKS, WEB, DISK = "subscription ids", "headers", "acknowledgements", "WebSocket", "disk"


class Contender(NamedTuple):
    """A broker to measure.

    Attributes:
        name: what it is called in options and results.
        title: what it is called in tables and plots.
        version: says what exactly it is.
        start: starts it, and stops it in the end.
        start_crowded: the same, ready for very many connections at once.
        arguments: for ``stompload``, in every run.
        can: of what not everybody has.
        path: of its WebSocket.
        prefetch: header of SUBSCRIBE for a window of 100.
        prepare: what is to be done once before.
        warm_seconds: how long it has to work, in every round, before it is as fast as it gets.
    """

    name: str
    title: str
    version: Callable[[], str]
    start: Start
    start_crowded: Start
    arguments: tuple[str, ...] = ()
    can: frozenset[str] = frozenset()
    path: str = ""
    prefetch: str = "prefetch-count:100"
    prepare: Callable[[], None] = lambda: None
    warm_seconds: float = 3.0


def hoofbeats() -> list[Contender]:
    """Name ours, the one that is shown first."""
    loops = ours.has_uvloop()
    plain = "Hoofbeat, plain Python"
    fast = [
        _ours("compiled", "Hoofbeat", copy="compiled", has_uvloop=loops, prepare=ours.copy_compiled),
        _ours("uvloop", plain, copy="plain", has_uvloop=True, prepare=ours.copy_plain),
    ]
    slow = _ours("asyncio", f"{plain}, asyncio", copy="plain", has_uvloop=False, prepare=ours.copy_plain)
    return [*(fast if loops else fast[:1]), slow]


def _ours(name: str, title: str, *, copy: str, has_uvloop: bool, prepare: Callable[[], None]) -> Contender:
    start = partial(ours.start, copy, is_asyncio=not has_uvloop)
    return Contender(
        name,
        title,
        partial(ours.version, is_compiled=copy == "compiled", has_uvloop=has_uvloop),
        start,
        partial(start, is_crowded=True),
        can=frozenset({IDS, HEADERS, ACKS, WEB, DISK}),
        path="/stomp",
        prepare=prepare,
    )


def peers() -> list[Contender]:
    """Name the peers that are installed."""
    found = []
    if rabbitmq.find():
        can = frozenset({IDS, HEADERS, ACKS, WEB, DISK})
        version = partial(processes.debian_version, "rabbitmq-server")
        start = rabbitmq.start
        found.append(Contender("RabbitMQ", "RabbitMQ", version, start, start, can=can, path="/ws"))
    if activemq.find():
        found.append(
            Contender(
                "ActiveMQ",
                "ActiveMQ",
                _activemq_version,
                activemq.start,
                activemq.start,
                can=frozenset({IDS, HEADERS, ACKS, DISK}),
                prefetch="activemq.prefetchSize:100",
                warm_seconds=JAVA_SECONDS,
            )
        )
    for name, package, dialect, start in (
        ("NATS", "nats-server", "nats", pubsub.nats),
        ("Redis", "redis-server", "redis", pubsub.redis),
        ("Mosquitto", "mosquitto", "mqtt", pubsub.mosquitto),
    ):
        if processes.program(package):
            version = partial(processes.debian_version, package)
            found.append(Contender(name, name, version, start, start, ("--proto", dialect)))
    return found


def _activemq_version() -> str:
    """Name its version, and that of Java: both make it what it is."""
    java = activemq.find()
    done = subprocess.run([java or "java", "-version"], capture_output=True, text=True, check=False)
    quoted = done.stderr.partition('"')[2].partition('"')[0]
    return f"{processes.debian_version('activemq')}, Java {quoted or '?'}"


def chosen(names: Iterable[str]) -> list[Contender]:
    """Return the contenders with these names, or all without a name; case does not matter."""
    wanted = {name.lower() for name in names}
    return [each for each in (*hoofbeats(), *peers()) if not wanted or each.name.lower() in wanted]
