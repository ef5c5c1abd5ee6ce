"""The client's side of a conversation: what it may send, what it takes, and when."""

import pytest

from hoofbeat.errors import LocalProtocolError
from hoofbeat.protocol.client import TRANSITIONS, ClientSession, ClientState
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import frame
from hoofbeat.protocol.heartbeat import HeartBeat
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.versions import Version

CONNECTED = b"CONNECTED\nversion:1.2\nheart-beat:4000,2000\nsession:s-1\n\n\0"


def connected(answer: bytes = CONNECTED) -> ClientSession:
    """Make a session that has been through CONNECT and CONNECTED."""
    session = ClientSession(0.0, heart_beat=HeartBeat(1000, 1000))
    session.connect({"host": "example.org"}, 0.0)
    session.feed(answer, 0.0)
    return session


@pytest.mark.parametrize("state", ClientState)
def test_every_state_has_a_row(state: ClientState) -> None:
    assert state in TRANSITIONS


def test_connect_offers_every_version_and_our_heart_beats() -> None:
    session = ClientSession(0.0, heart_beat=HeartBeat(10_000, 5_000))
    assert session.connect({"host": "example.org", "login": "ann"}, 0.0) == (
        b"CONNECT\naccept-version:1.0,1.1,1.2\nheart-beat:10000,5000\nhost:example.org\nlogin:ann\n\n\0"
    )
    assert session.state is ClientState.CONNECTING


def test_connected_settles_version_and_heart_beats() -> None:
    session = connected()
    assert session.state is ClientState.CONNECTED
    assert session.version is Version.V1_2
    assert session.connected["session"] == "s-1"
    assert session.pulse.deadline() == pytest.approx(2.0 * 0.95)


def test_connected_without_a_version_means_1_0() -> None:
    assert connected(b"CONNECTED\n\n\0").version is Version.V1_0


def test_a_version_we_did_not_offer_is_the_servers_fault() -> None:
    session = connected(b"CONNECTED\nversion:1.3\n\n\0")
    assert session.fault is not None
    assert "did not offer" in session.fault.summary


@pytest.mark.parametrize("cut", range(len(CONNECTED) + 40))
def test_what_follows_connected_is_read_as_the_agreed_version_wherever_it_is_cut(cut: int) -> None:
    stream = CONNECTED + b"\nMESSAGE\nx:a\\cb\n\nbody\0\n"
    session = ClientSession(0.0)
    session.connect({}, 0.0)
    frames = session.feed(stream[:cut], 0.0) + session.feed(stream[cut:], 0.0)
    assert session.fault is None
    assert frames[1] == frame(Command.MESSAGE, {"x": "a:b"}, b"body")


def test_a_frame_that_only_clients_send_is_the_servers_fault() -> None:
    session = connected()
    assert session.feed(b"RECEIPT\nreceipt-id:1\n\n\0SEND\n\n\0RECEIPT\nreceipt-id:2\n\n\0", 1.0) == [
        frame(Command.RECEIPT, {"receipt-id": "1"})
    ]
    assert session.fault is not None
    assert session.fault.summary == "SEND came while connected"
    assert session.feed(b"RECEIPT\nreceipt-id:3\n\n\0", 2.0) == []


def test_a_message_before_connected_is_the_servers_fault() -> None:
    session = ClientSession(0.0)
    session.connect({}, 0.0)
    assert session.feed(b"MESSAGE\n\n\0", 0.0) == []
    assert session.fault is not None


def test_an_unreadable_frame_is_the_servers_fault_and_costs_no_good_one() -> None:
    session = connected()
    assert session.feed(b"MESSAGE\n\n\0NONSENSE\n\n\0", 0.0) == [frame(Command.MESSAGE)]
    assert session.fault is not None
    assert "Bad command" in session.fault.summary


def test_a_body_over_the_limit_is_the_servers_fault() -> None:
    session = ClientSession(0.0, limits=FrameLimits(body_bytes=4))
    session.connect({}, 0.0)
    session.feed(CONNECTED, 0.0)
    assert len(session.feed(b"MESSAGE\n\n1234\0", 0.0)) == 1
    session.feed(b"MESSAGE\n\n12345\0", 0.0)
    assert session.fault is not None


def test_error_ends_the_session() -> None:
    session = connected()
    assert session.feed(b"ERROR\nmessage:no\n\n\0", 0.0) == [frame(Command.ERROR, {"message": "no"})]
    assert session.state is ClientState.CLOSED


def test_a_server_may_refuse_before_connect() -> None:
    session = ClientSession(0.0)
    assert len(session.feed(b"ERROR\nmessage:full\n\n\0", 0.0)) == 1
    assert session.state is ClientState.CLOSED


@pytest.mark.parametrize("command", [Command.SEND, Command.DISCONNECT, Command.CONNECTED])
def test_nothing_but_connect_is_sent_first(command: Command) -> None:
    with pytest.raises(LocalProtocolError, match="while open"):
        ClientSession(0.0).send(command, {}, now=0.0)


def test_a_server_command_is_never_sent() -> None:
    with pytest.raises(LocalProtocolError, match="MESSAGE can't be sent while connected"):
        connected().send(Command.MESSAGE, {}, now=0.0)


def test_headers_are_escaped_as_the_agreed_version_does() -> None:
    assert connected().send(Command.SEND, {"destination": "/topic/a", "x": "a:b"}, b"hi", now=0.0) == (
        b"SEND\ndestination:/topic/a\nx:a\\cb\ncontent-length:2\n\nhi\0"
    )


def test_a_header_that_the_version_can_not_express_is_not_sent() -> None:
    session = connected(b"CONNECTED\nversion:1.0\n\n\0")
    with pytest.raises(LocalProtocolError, match=r"1\.0 can't express"):
        session.send(Command.SEND, {"x": "two\nlines"}, now=0.0)
    assert session.state is ClientState.CONNECTED


def test_a_line_feed_in_connect_is_not_sent() -> None:
    with pytest.raises(LocalProtocolError, match="can't express"):
        ClientSession(0.0).connect({"login": "a\nb"}, 0.0)


def test_a_heart_beat_is_sent_when_it_is_due_and_not_before() -> None:
    session = connected()
    assert session.beat(1.0) == b""
    assert session.beat(1.95) == b"\n"
    assert session.beat(2.0) == b""


def test_a_frame_sent_counts_as_a_heart_beat() -> None:
    session = connected()
    session.send(Command.SEND, {"destination": "/topic/a"}, now=1.5)
    assert session.beat(1.95) == b""


def test_a_silent_server_is_lost_after_twice_the_interval() -> None:
    session = connected()
    session.feed(b"\n", 1.0)
    assert not session.pulse.is_lost(9.0)
    assert session.pulse.is_lost(9.1)


def test_no_heart_beat_before_connected_nor_after_disconnect() -> None:
    session = connected()
    session.send(Command.DISCONNECT, {}, now=0.0)
    assert session.beat(100.0) == b""


def test_messages_are_read_until_the_receipt_of_disconnect() -> None:
    session = connected()
    session.send(Command.DISCONNECT, {"receipt": "bye"}, now=0.0)
    frames = session.feed(b"MESSAGE\n\n\0RECEIPT\nreceipt-id:other\n\n\0", 0.0)
    assert [item.command for item in frames] == [Command.MESSAGE, Command.RECEIPT]
    assert session.state is ClientState.DISCONNECTING


def test_the_receipt_of_disconnect_is_the_end() -> None:
    session = connected()
    session.send(Command.DISCONNECT, {"receipt": "bye"}, now=0.0)
    session.feed(b"RECEIPT\nreceipt-id:bye\n\n\0", 0.0)
    assert session.state is ClientState.CLOSED
    with pytest.raises(LocalProtocolError):
        session.send(Command.SEND, {}, now=0.0)


def test_disconnect_without_a_receipt_waits_for_the_stream_to_close() -> None:
    session = connected()
    session.send(Command.DISCONNECT, {}, now=0.0)
    session.feed(b"RECEIPT\nreceipt-id:bye\n\n\0", 0.0)
    assert session.state is ClientState.DISCONNECTING
