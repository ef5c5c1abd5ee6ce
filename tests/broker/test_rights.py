"""Rights: each is asked for apart from the others."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.access import Right
from hoofbeat.broker.users import Principal
from tests.conformance.wire import Client, Wire, connect_frame, frame

SOFT = "hoofbeat-soft-errors:true"


class Creators:
    """Lets ``ann`` do everything, and others all but bring a destination into being."""

    def may(self, principal: Principal, right: Right, destination: str) -> bool:
        return principal.name == "ann" or right is not Right.CREATE


@pytest.fixture
def wire() -> Wire:
    wire = Wire()
    wire.broker = make_broker(access=Creators())
    return wire


def _connect(wire: Wire, login: str) -> Client:
    client = wire.open()
    client.send(connect_frame("1.2", f"login:{login}", SOFT))
    assert client.frame().command == "CONNECTED"
    return client


SEND = frame("SEND", "destination:/queue/a")
SENDS = (
    SEND,
    frame("BEGIN", "transaction:t") + frame("SEND", "destination:/queue/a", "transaction:t"),
    frame("SUBSCRIBE", "id:0", "destination:/queue/a"),
    frame("SUBSCRIBE", "id:0", "destination:/topic/a"),
)


@pytest.mark.parametrize("octets", SENDS)
def test_who_may_not_create_uses_what_is_there(wire: Wire, octets: bytes) -> None:
    ann, bob = _connect(wire, "ann"), _connect(wire, "bob")
    bob.send(octets)
    assert bob.frame().header("message").startswith("Access refused\\c not allowed to create '/")
    ann.send(SEND, frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    bob.send(octets.replace(b"BEGIN\ntransaction:t\n\n\0", b""))
    assert "ERROR" not in [heard.command for heard in bob.frames()]


@pytest.mark.parametrize(
    "octets",
    [
        frame("SEND", "destination:/topic/a"),
        frame("SEND", "destination:/temp-queue/a"),
        frame("SUBSCRIBE", "id:0", "destination:/temp-topic/a"),
        frame("SUBSCRIBE", "id:0", "destination:/topic/*"),
    ],
)
def test_what_creates_nothing_of_others_needs_no_right_to_create(wire: Wire, octets: bytes) -> None:
    bob = _connect(wire, "bob")
    bob.send(octets)
    assert bob.frames() == []
