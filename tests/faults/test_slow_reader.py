"""One reader that stops among many: the others notice nothing, and little is held for it."""

import json
import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.run import build
from hoofbeat.config import BrokerConfig, LimitsConfig
from tests.conformance.wire import Client, Wire, connect_frame, frame
from tests.faults.peer import Reader, publish
from tests.interop.serving import Serving, serving

LIMIT = LimitsConfig().outbox_bytes
TOPIC = "/topic/river"
BODY = 64 * 1024
TOO_MUCH = 48 * 1024 * 1024  # more than all buffers between two processes of one machine hold

SUBSCRIBERS = 50
ROUNDS = 9  # each with one that stops, and without: what follows at once meets the same machine


class Subscriber(Client):
    """A client whose transport may be full."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.send(connect_frame("1.2"), frame("SUBSCRIBE", "id:0", f"destination:{TOPIC}"))
        assert self.frame().command == "CONNECTED"

    def stop_reading(self) -> None:
        """Have the transport say that it is full."""
        self._connection.pause_writing(self._wire.now())

    def go_on_reading(self) -> None:
        """Have the transport say that it takes more."""
        self._connection.resume_writing(self._wire.now())
        self._wire.broker.flush()


def sent(body: bytes) -> bytes:
    return frame("SEND", f"destination:{TOPIC}", f"content-length:{len(body)}", body=body)


def size_on_the_wire(wire: Wire) -> int:
    """Return how many octets a message of BODY is for a reader."""
    reader, publisher = Subscriber(wire), wire.connect()
    publisher.send(sent(b"x" * BODY))
    size = len(reader.octets())
    reader.leave()
    return size


def test_what_fits_under_the_limit_waits_and_arrives_in_order() -> None:
    wire = Wire()
    count = LIMIT // size_on_the_wire(wire)
    reader, publisher = Subscriber(wire), wire.connect()
    reader.stop_reading()
    bodies = [b"%d" % number + b"x" * BODY for number in range(count - 1)]
    for body in bodies:
        publisher.send(sent(body))
    assert reader.bodies() == []
    reader.go_on_reading()
    assert reader.bodies() == bodies
    assert not reader.closed


def test_one_past_the_limit_costs_the_slow_reader_its_connection_and_nobody_else_anything() -> None:
    wire = Wire()
    stopped, steady, publisher = Subscriber(wire), Subscriber(wire), wire.connect()
    stopped.stop_reading()
    bodies = [b"x" * BODY] * (LIMIT // BODY + 1)
    for body in bodies:
        publisher.send(sent(body))
    assert stopped.closed
    assert stopped.frames()[-1].header("message").startswith("slow reader")
    assert steady.bodies() == bodies
    assert not steady.closed


def test_a_message_of_any_size_waits_for_a_reader_for_whom_nothing_waits() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(outbox_bytes=1024)))
    reader, publisher = Subscriber(wire), wire.connect()
    reader.stop_reading()
    publisher.send(sent(b"x" * BODY))
    reader.go_on_reading()
    assert reader.bodies() == [b"x" * BODY]


@pytest.mark.parametrize("transport", ["tcp", "websocket"])
def test_a_reader_that_stops_is_told_so_when_it_reads_again(transport: str) -> None:
    with serving() as broker, Reader(broker, transport, TOPIC) as stopped:
        before = broker.resident_bytes()
        publish(broker, TOPIC, b"x" * BODY, TOO_MUCH // BODY)
        held = broker.resident_bytes() - before
        assert b"message:slow reader" in stopped.rest()
    assert held < TOO_MUCH / 4


def load(program: Path, broker: Serving, *arguments: str, subscribers: int = SUBSCRIBERS) -> dict[str, Any]:
    """Run the load generator; nothing may be lost, duplicated or misordered."""
    words = [str(program), "--port", str(broker.stomp), "--subs", str(subscribers), "--dest", TOPIC]
    done = subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=120, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def disturbance(broker: Serving, is_disturbed: bool) -> AbstractContextManager[object]:
    """Make one reader that stops, or nothing."""
    return Reader(broker, "tcp", TOPIC) if is_disturbed else nullcontext()


@pytest.mark.slow
@pytest.mark.needs("gcc")
def test_the_others_keep_their_throughput() -> None:
    program = build()
    assert program is not None
    rates: list[float] = []
    with serving() as broker:
        for at in range(ROUNDS):
            rate: dict[bool, float] = {}
            for is_disturbed in (at % 2 == 0, at % 2 == 1):
                with disturbance(broker, is_disturbed):
                    rate[is_disturbed] = load(program, broker, "--count", "300000")["delivered_per_s"]
            rates.append(rate[True] / rate[False])
    assert median(rates) >= 0.95, rates
