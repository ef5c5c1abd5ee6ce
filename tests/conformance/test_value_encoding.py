"""STOMP 1.2, "Value Encoding": how headers are written."""

import pytest

from hoofbeat.protocol.commands import Command
from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Client, Wire, connect_frame, frame, since_1_1


def _listener(wire: Wire, version: str) -> Client:
    client = wire.connect(version)
    client.send(b"SUBSCRIBE\nid:0\ndestination:/topic/**\n\n\0")
    return client


@since_1_1
def test_headers_are_utf_8(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    listener, sender = _listener(wire, version), wire.connect(version)
    sender.send("SEND\ndestination:/topic/ärger\nschlüssel:日本 🦫\n\n\0".encode())
    message = listener.frame()
    assert message.header("destination") == "/topic/ärger"
    assert message.header("schlüssel") == "日本 🦫"


@since_1_1
@pytest.mark.parametrize("octets", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_a_header_that_is_not_utf_8_is_refused(wire: Wire, version: str, octets: bytes) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = wire.connect(version)
    client.send(b"SEND\ndestination:/topic/a\nx:" + octets + b"\n\n\0")
    assert client.refusal()


@since_1_1
def test_what_delimits_headers_is_escaped_on_the_way_out(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    listener, sender = _listener(wire, version), wire.connect("1.0")
    sender.send(b"SEND\ndestination:/topic/a:b\nx:back\\slash\n\n\0")
    octets = listener.octets()
    assert b"\ndestination:/topic/a\\cb\n" in octets
    assert b"\nx:back\\\\slash\n" in octets


@since_1_1
def test_a_line_feed_is_escaped_on_the_way_out(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    other = {"1.1": "1.2", "1.2": "1.1"}[version]
    listener, sender = _listener(wire, version), wire.connect(other)
    sender.send(b"SEND\ndestination:/topic/a\nx\\n1:one\\ntwo\n\n\0")
    assert b"\nx\\n1:one\\ntwo\n" in listener.octets()


def test_a_carriage_return_is_escaped_on_the_way_out_in_1_2(wire: Wire) -> None:
    """STOMP 1.2, "Value Encoding"."""
    listener, sender = _listener(wire, "1.2"), wire.connect("1.1")
    sender.send(b"SEND\ndestination:/topic/a\nx:one\rtwo\n\n\0")
    assert b"\nx:one\\rtwo\n" in listener.octets()


@since_1_1
def test_connect_is_not_unescaped(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = wire.open()
    client.send(connect_frame(version, r"login:one\two", r"passcode:\t\x"))
    assert client.frame().command == "CONNECTED"


@since_1_1
def test_connected_is_not_escaped(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = wire.open()
    client.send(connect_frame(version, r"login:one:two"))
    octets = client.octets()
    assert octets.startswith(b"CONNECTED\n")
    assert b"\\" not in octets


@since_1_1
@pytest.mark.parametrize(
    ("escaped", "meant"),
    [(r"a\cb", "a:b"), (r"a\\b", r"a\b"), (r"a\\\cb", r"a\:b"), (r"a\\nb", r"a\nb"), (r"\\\\", r"\\")],
)
def test_defined_escapes_are_decoded(wire: Wire, version: str, escaped: str, meant: str) -> None:
    r"""STOMP 1.2, "Value Encoding". What was meant is seen in 1.0, which escapes nothing."""
    listener, sender = _listener(wire, "1.0"), wire.connect(version)
    sender.send(frame("SEND", f"destination:/topic/{escaped}", f"x:{escaped}"))
    message = listener.frame()
    assert message.header("destination") == f"/topic/{meant}"
    assert message.header("x") == meant


def test_the_escape_for_carriage_return_is_decoded_in_1_2(wire: Wire) -> None:
    """STOMP 1.2, "Value Encoding". What was meant is seen in 1.1, where it needs no escape."""
    listener, sender = _listener(wire, "1.1"), wire.connect("1.2")
    sender.send(b"SEND\ndestination:/topic/a\nx:one\\rtwo\n\n\0")
    assert b"\nx:one\rtwo\n" in listener.octets()


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.1", r"\t"),
        ("1.1", r"\r"),
        ("1.1", r"a\C"),
        ("1.1", "end\\"),
        ("1.2", r"\t"),
        ("1.2", r"\R"),
        ("1.2", r"\:"),
        ("1.2", "end\\"),
    ],
)
def test_an_undefined_escape_is_fatal(wire: Wire, version: str, text: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", f"x:{text}"))
    assert "escape" in client.refusal().header("message")


@since_1_1
def test_an_undefined_escape_in_a_name_is_fatal(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", r"x\t:y"))
    assert "escape" in client.refusal().header("message")


@since_1_1
def test_spaces_around_headers_are_kept(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    listener, sender = _listener(wire, version), wire.connect(version)
    sender.send(b"SEND\ndestination:/topic/a\n x : \ty  \nz:\t\n\n\0")
    octets = listener.octets()
    assert b"\n x : \ty  \n" in octets
    assert b"\nz:\t\n" in octets


@since_1_1
def test_our_client_escapes_what_it_sends_and_decodes_what_it_hears(version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = client_of(version)
    octets = client.send(Command.SEND, {"destination": "/topic/a:b", "x": "one\ntwo\\ "}, now=NOW)
    (message,) = client.feed(frame("MESSAGE", r"destination:/topic/a\cb", r"x: one\ntwo\\ "), NOW)
    assert b"\ndestination:/topic/a\\cb\nx:one\\ntwo\\\\ \n" in octets
    assert dict(message.headers.items()) == {"destination": "/topic/a:b", "x": " one\ntwo\\ "}


@since_1_1
def test_an_undefined_escape_is_fatal_to_our_client_too(version: str) -> None:
    """STOMP 1.2, "Value Encoding"."""
    client = client_of(version)
    client.feed(frame("MESSAGE", r"x:\t"), NOW)
    assert client.fault is not None
