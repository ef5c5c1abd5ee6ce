"""STOMP 1.2, "Protocol Negotiation": which version a session speaks."""

import pytest

from hoofbeat.protocol.client import ClientSession
from hoofbeat.protocol.commands import Command
from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Client, Wire, frame


def _offer(wire: Wire, accept_version: str) -> Client:
    client = wire.open()
    client.send(frame("CONNECT", f"accept-version:{accept_version}", "host:example.org"))
    return client


def test_without_accept_version_the_session_is_1_0(wire: Wire) -> None:
    """STOMP 1.2, "Protocol Negotiation"."""
    client = wire.open()
    client.send(frame("CONNECT"))
    assert client.frame().header("version") == "1.0"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("1.0", "1.0"),
        ("1.1", "1.1"),
        ("1.2", "1.2"),
        ("1.0,1.1", "1.1"),
        ("1.0,1.1,1.2", "1.2"),
        ("1.0,1.2", "1.2"),
        ("1.0,1.1,2.0", "1.1"),
        ("1.1,1.2,1.3,2.0", "1.2"),
        ("0.9,1.0", "1.0"),
    ],
)
def test_the_highest_common_version_is_chosen(wire: Wire, offered: str, chosen: str) -> None:
    """STOMP 1.2, "Protocol Negotiation"."""
    assert _offer(wire, offered).frame().header("version") == chosen


@pytest.mark.parametrize("offered", ["1.2,1.1,1.0", "1.1,1.2,1.0", "1.0, 1.1, 1.2"])
def test_versions_may_be_listed_in_any_order(wire: Wire, offered: str) -> None:
    """STOMP 1.2, "Protocol Negotiation". A client should sort them; one that does not is served."""
    assert _offer(wire, offered).frame().header("version") == "1.2"


@pytest.mark.parametrize(("version", "command"), [("1.0", "RECEIPT"), ("1.1", "ERROR"), ("1.2", "RECEIPT")])
def test_a_session_is_read_as_the_agreed_version_reads(wire: Wire, version: str, command: str) -> None:
    r"""STOMP 1.2, "Protocol Negotiation". Only 1.1 has escapes and does not know ``\r``."""
    client = wire.open()
    client.send(
        frame("CONNECT", f"accept-version:{version},9.9", "host:example.org"),
        frame("SEND", "destination:/topic/a", r"x:\r", "receipt:1"),
    )
    assert [heard.command for heard in client.frames()] == ["CONNECTED", command]


@pytest.mark.parametrize("offered", ["2.0", "", "1", "1.20", "0.9,2.1", "one"])
def test_without_a_common_version_error_lists_ours_and_the_connection_closes(
    wire: Wire, offered: str
) -> None:
    """STOMP 1.2, "Protocol Negotiation"."""
    error = _offer(wire, offered).refusal()
    assert error.header("version") == "1.0,1.1,1.2"
    assert error.header("content-type").startswith("text/plain")
    assert b"1.0 1.1 1.2" in error.body


def test_our_client_lists_its_versions_in_rising_order() -> None:
    """STOMP 1.2, "Protocol Negotiation"."""
    assert b"\naccept-version:1.0,1.1,1.2\n" in ClientSession(NOW).connect({"host": "example.org"}, NOW)


@pytest.mark.parametrize(
    ("version", "body"), [("1.0", rb"x:a\r:b"), ("1.1", rb"x:a\\r\cb"), ("1.2", rb"x:a\\r\cb")]
)
def test_our_client_writes_as_the_agreed_version_reads(version: str, body: bytes) -> None:
    """STOMP 1.2, "Protocol Negotiation"."""
    assert body in client_of(version).send(Command.SEND, {"destination": "/topic/a", "x": "a\\r:b"}, now=NOW)
