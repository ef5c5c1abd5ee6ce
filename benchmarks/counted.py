"""What instructions are counted of: a broker without a network, and reads that are always the same.

``python benchmarks/counted.py LIBRARY WORKLOAD`` plays one workload, and tells callgrind through the library,
which is ``callgrind.c``, what to count. Time stands still and names are numbers, so that two runs differ in
nothing but the code.
"""

import ctypes
import gc
import itertools
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from hoofbeat.assembly import make_broker
from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.protocol.framing import STREAM
from hoofbeat.server.connection import Connection
from hoofbeat.transports.memory import MemoryOutlet

NOW = Now(1.0, 1)
BODY = b"x" * 128
RUN = 30  # frames in a read from one who sends as fast as it can
PAIRS, PAIR_RUN = 100, 3  # of many who share the machine, each has fewer in a read
FAN = 50
WARM_UP, TURNS = 3, 20

Reads = Sequence[tuple[Connection, bytes]]


class Stage:
    """One broker, and who is connected to it.

    Attributes:
        written: to all of them, until :meth:`collect` was called last.
    """

    def __init__(self) -> None:
        """Nobody is connected."""
        names = itertools.count(1)
        self.broker = make_broker(new_id=lambda: str(next(names)), epoch="1")
        self.written = b""
        self._outlets: list[MemoryOutlet] = []

    def connect(self, *, subscribe: str = "", id: str = "0", ack: str = "auto") -> Connection:
        """Connect a client, which may subscribe to a destination."""
        outlet = MemoryOutlet()
        connection = Connection(self.broker, outlet, STREAM, Peer(), NOW)
        frames = "CONNECT\naccept-version:1.2\nhost:x\n\n\0"
        if subscribe:
            frames += f"SUBSCRIBE\nid:{id}\ndestination:{subscribe}\nack:{ack}\n\n\0"
        self.turn([(connection, frames.encode())])
        self._outlets.append(outlet)
        return connection

    def turn(self, reads: Reads) -> None:
        """Take in what one turn of the loop reads, and write what it leads to."""
        for connection, data in reads:
            connection.received(data, NOW)
        self.broker.flush()

    def collect(self) -> None:
        """Take away what was written since the last time."""
        self.written = b"".join(chunk for outlet in self._outlets for chunk in outlet.written)
        for outlet in self._outlets:
            outlet.written.clear()


def sends(destination: str, count: int = RUN, header: Callable[[], str] = str) -> bytes:
    """Make a run of SENDs, each with what ``header`` returns."""
    head = f"SEND\ndestination:{destination}\ncontent-length:{len(BODY)}\n"
    return b"".join(f"{head}{header()}\n".encode() + BODY + b"\0" for _ in range(count))


def acks_of(written: bytes) -> bytes:
    """Acknowledge every message, one by one."""
    return b"".join(b"ACK\nid:%b\n\n\0" % id for id in re.findall(rb"\nack:(.*)\n", written))


def pairs(stage: Stage) -> Iterator[Reads]:
    """Many who send a few messages each, to a reader of its own."""
    names = [f"/topic/p{number}" for number in range(PAIRS)]
    for name in names:
        stage.connect(subscribe=name)
    return itertools.repeat([(stage.connect(), sends(name, PAIR_RUN)) for name in names])


def queue(stage: Stage) -> Iterator[Reads]:
    """One who sends and one who reads; all messages have the same headers."""
    stage.connect(subscribe="/queue/a")
    return itertools.repeat([(stage.connect(), sends("/queue/a"))])


def queue_that_differs(stage: Stage) -> Iterator[Reads]:
    """One who sends and one who reads; each message has a header that no other has."""
    stage.connect(subscribe="/queue/a")
    sender, numbers = stage.connect(), itertools.count(10_000_000)
    while True:
        yield [(sender, sends("/queue/a", header=lambda: f"x:{next(numbers)}\n"))]


def queue_to_acknowledge(stage: Stage) -> Iterator[Reads]:
    """One who sends and one who reads and acknowledges; the ACKs are not counted."""
    reader = stage.connect(subscribe="/queue/a", ack="client-individual")
    sender = stage.connect()
    while True:
        yield [(sender, sends("/queue/a"))]
        stage.turn([(reader, acks_of(stage.written))])


def acks(stage: Stage) -> Iterator[Reads]:
    """The same; only the ACKs are counted."""
    reader = stage.connect(subscribe="/queue/a", ack="client-individual")
    sender = stage.connect()
    while True:
        stage.turn([(sender, sends("/queue/a"))])
        stage.collect()
        yield [(reader, acks_of(stage.written))]


def fan(stage: Stage, ids: Sequence[str] = ("0",) * FAN) -> Iterator[Reads]:
    """One who sends to many, whose subscriptions have the same id."""
    for id in ids:
        stage.connect(subscribe="/topic/a", id=id)
    return itertools.repeat([(stage.connect(), sends("/topic/a"))])


def fan_that_differs(stage: Stage) -> Iterator[Reads]:
    """One who sends to many, whose subscriptions have different ids."""
    return fan(stage, [f"s{number}" for number in range(FAN)])


class Workload(NamedTuple):
    """What is counted.

    Attributes:
        reads: what each counted turn reads; what is not counted is done in between.
        each: frames, or copies, in one turn.
    """

    reads: Callable[[Stage], Iterator[Reads]]
    each: int


SEND, ACK = "queue, client-individual: SEND", "queue, client-individual: ACK"
SAME, DIFFERENT = "queue, equal headers", "queue, headers differ"

WORKLOADS = {
    "100 pairs": Workload(pairs, PAIRS * PAIR_RUN),
    SAME: Workload(queue, RUN),
    DIFFERENT: Workload(queue_that_differs, RUN),
    SEND: Workload(queue_to_acknowledge, RUN),
    ACK: Workload(acks, RUN),
    "fan-out 1 to 50, equal ids, a copy": Workload(fan, FAN * RUN),
    "fan-out 1 to 50, different ids, a copy": Workload(fan_that_differs, FAN * RUN),
}


def play(workload: Workload, turns: int, toggle: Callable[[], object], stage: Stage) -> None:
    """Play that many turns, and call ``toggle`` where counting begins and ends."""
    reads_of_turns = workload.reads(stage)
    for reads in itertools.islice(reads_of_turns, WARM_UP):
        stage.turn(reads)
        stage.collect()
    for reads in itertools.islice(reads_of_turns, turns):
        toggle()
        stage.turn(reads)
        toggle()
        stage.collect()


def main(library: str, name: str) -> None:
    """Play one workload under callgrind."""
    requests = ctypes.PyDLL(library)
    gc.disable()  # when it comes depends on what was imported
    requests.start()
    play(WORKLOADS[name], TURNS, requests.toggle, Stage())


if __name__ == "__main__":
    main(*sys.argv[1:])
