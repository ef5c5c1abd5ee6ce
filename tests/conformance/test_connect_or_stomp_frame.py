"""STOMP 1.2, "CONNECT or STOMP Frame": the two ways to begin, and what they carry."""

import pytest

from hoofbeat.protocol.client import ClientSession
from tests.conformance.ours import NOW
from tests.conformance.wire import Wire, connect_frame, every_version, frame, since_1_1


@every_version
def test_stomp_means_what_connect_means(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    one, other = wire.open(), wire.open()
    one.send(connect_frame(version, "heart-beat:1,1"))
    other.send(connect_frame(version, "heart-beat:1,1").replace(b"CONNECT\n", b"STOMP\n"))
    names = [
        [(name, value) for name, value in client.frame().headers if name != "session"]
        for client in (one, other)
    ]
    assert names[0] == names[1]


@since_1_1
def test_stomp_is_not_unescaped(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame". Handled like CONNECT, so a backslash is just one."""
    client = wire.open()
    client.send(connect_frame(version, r"login:one\two").replace(b"CONNECT\n", b"STOMP\n"))
    assert client.frame().command == "CONNECTED"


@every_version
def test_connect_opens_a_session_in_every_version(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", "receipt:1"))
    assert client.frame().command == "RECEIPT"


@pytest.mark.parametrize("command", ["CONNECT", "STOMP"])
def test_connect_without_accept_version_opens_a_1_0_session(wire: Wire, command: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    client = wire.open()
    client.send(frame(command, "host:example.org"))
    assert client.frame().header("version") == "1.0"


@since_1_1
def test_connect_without_host_is_served(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame". Required, but old clients leave it out."""
    client = wire.open()
    client.send(frame("CONNECT", f"accept-version:{version}"))
    assert client.frame().header("version") == version


@since_1_1
@pytest.mark.parametrize("host", ["localhost", "/", "stomp.example.org", "", "any name at all"])
def test_any_host_is_served_by_the_default_virtual_host(wire: Wire, version: str, host: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    client = wire.open()
    client.send(frame("CONNECT", f"accept-version:{version}", f"host:{host}"))
    assert client.frame().command == "CONNECTED"


@every_version
def test_connect_may_carry_login_and_passcode(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    client = wire.open()
    client.send(connect_frame(version, "login:alice", "passcode:secret"))
    octets = client.octets()
    assert octets.startswith(b"CONNECTED\n")
    assert b"secret" not in octets


@since_1_1
def test_connect_may_carry_heart_beat(wire: Wire, version: str) -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    client = wire.open()
    client.send(connect_frame(version, "heart-beat:0,0"))
    assert client.frame().command == "CONNECTED"


def test_our_client_says_connect_and_names_versions_and_host() -> None:
    """STOMP 1.2, "CONNECT or STOMP Frame"."""
    octets = ClientSession(NOW).connect({"host": "example.org"}, NOW)
    assert octets.startswith(b"CONNECT\n")
    assert b"\naccept-version:" in octets
    assert b"\nhost:example.org\n" in octets
