"""How a session begins: soft errors only for who was let in, and heart-beats no shorter than allowed."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.users import Principal
from hoofbeat.config import BrokerConfig, HeartBeatConfig
from tests.behaviour.test_sessions import Slowly
from tests.conformance.wire import Wire, connect_frame, frame


@pytest.fixture
def slowly() -> Slowly:
    return Slowly()


@pytest.fixture
def wire(slowly: Slowly) -> Wire:
    wire = Wire()
    wire.broker = make_broker(authenticator=slowly)
    return wire


def test_soft_errors_do_not_keep_alive_a_login_that_nobody_answers(wire: Wire) -> None:
    client = wire.open()
    client.send(connect_frame("1.2", "hoofbeat-soft-errors:true"))
    wire.pass_time(10.1)
    errors = client.frames()
    assert [heard.get("fatal") for heard in errors] == [None]
    assert client.closed


def test_a_login_has_what_is_left_of_the_time_to_connect(wire: Wire) -> None:
    client = wire.open()
    wire.pass_time(6.0)
    client.send(connect_frame("1.2"))
    wire.pass_time(3.9)
    early = client.closed
    wire.pass_time(0.2)
    assert (early, client.closed) == (False, True)


def test_a_login_that_takes_too_long_is_told_so(wire: Wire) -> None:
    client = wire.open()
    client.send(connect_frame("1.2"))
    wire.pass_time(10.1)
    assert client.refusal().header("message") == "the login took too long"


def test_who_was_let_in_has_the_soft_errors_it_asked_for(wire: Wire, slowly: Slowly) -> None:
    client = wire.open()
    client.send(connect_frame("1.2", "hoofbeat-soft-errors:true"))
    slowly.asked[0][1](Principal("ada"))
    wire.broker.flush()
    client.send(frame("SEND", "destination:/nowhere"))
    assert [heard.get("fatal") for heard in client.frames()] == [None, "false"]
    assert not client.closed


@pytest.mark.parametrize(
    ("config", "offered"),
    [
        (HeartBeatConfig(send_ms=100, expect_ms=999), "1000,1000"),
        (HeartBeatConfig(send_ms=1000, expect_ms=1001), "1000,1001"),
        (HeartBeatConfig(send_ms=100, expect_ms=200, least_ms=50), "100,200"),
        (HeartBeatConfig(send_ms=0, expect_ms=0), "0,0"),
    ],
)
def test_no_interval_is_shorter_than_the_least(config: HeartBeatConfig, offered: str) -> None:
    client = Wire(BrokerConfig(heart_beat=config)).open()
    client.send(connect_frame("1.2", "heart-beat:1,1"))
    assert client.frame().header("heart-beat") == offered


def test_the_broker_beats_at_the_least_interval() -> None:
    wire = Wire(BrokerConfig(heart_beat=HeartBeatConfig(send_ms=1)))
    client = wire.connect("1.2", "heart-beat:0,1")
    wire.pass_time(10.0)
    assert 9 <= len(client.octets()) <= 11
