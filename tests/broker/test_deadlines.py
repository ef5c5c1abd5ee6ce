"""What is left of sessions that came and went: next to nothing."""

import gc
import tracemalloc

import pytest

from hoofbeat.broker.session import BrokerSession
from tests.conformance.wire import Wire, frame

RARELY = "heart-beat:0,999999999"  # eleven days


def _sessions() -> int:
    gc.collect()
    return sum(isinstance(thing, BrokerSession) for thing in gc.get_objects())


def test_sessions_that_are_gone_are_not_kept_until_their_heart_beat_is_due() -> None:
    wire = Wire()
    stays = wire.connect("1.2", RARELY)
    before = _sessions()
    for _ in range(500):
        client = wire.connect("1.2", RARELY)
        wire.pass_time(10.1)  # when the broker looks whether it has connected, and puts it off
        client.leave()
    del client
    assert _sessions() < before + 100
    assert not stays.closed


def test_sessions_that_stay_are_looked_at_on_time_whatever_went() -> None:
    wire = Wire()
    stayed = [wire.connect("1.2", "heart-beat:0,10000") for _ in range(50)]
    for _ in range(200):
        wire.connect("1.2", RARELY).leave()
    wire.pass_time(9.6)
    assert [client.octets() for client in stayed] == [b"\n"] * 50


def test_the_part_of_a_frame_that_came_is_let_go_when_the_session_is_closed() -> None:
    wire = Wire()
    client = wire.connect("1.2", "heart-beat:60000,0")
    tracemalloc.start()
    try:
        client.send(b"SEND\ndestination:/topic/a\ncontent-length:8000000\n\n", b"x" * 4_000_000)
        held, _ = tracemalloc.get_traced_memory()
        wire.pass_time(121.0)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert client.closed
    assert held > 4_000_000
    assert kept < 1_000_000


@pytest.mark.parametrize("is_lost", [False, True])
def test_open_transactions_are_let_go_with_their_session(is_lost: bool) -> None:
    wire = Wire()
    client = wire.connect("1.2", "heart-beat:60000,0")
    send = frame("SEND", "destination:/topic/a", "transaction:t", body=b"x" * 4_000_000)
    tracemalloc.start()
    try:
        client.send(frame("BEGIN", "transaction:t"), send, send[:2_000_000])
        if is_lost:
            client.leave()
        wire.pass_time(121.0)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
