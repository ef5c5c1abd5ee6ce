"""STOMP 1.2, "Header content-type": what a body is."""

import re

import pytest

from tests.conformance.wire import Heard, Wire, every_version, frame, since_1_1

TEXT = "Grüße, 日本 🦫".encode()


def _round_trip(wire: Wire, version: str, *headers: str, body: bytes = TEXT) -> Heard:
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", f"content-length:{len(body)}", *headers, body=body))
    return client.frame()


def _error(wire: Wire, version: str) -> Heard:
    client = wire.connect(version)
    client.send("SEND\nzeichen:ä\n\n\0".encode())
    return client.refusal()


@since_1_1
def test_message_carries_the_content_type_of_send(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    assert _round_trip(wire, version, "content-type:text/plain").header("content-type") == "text/plain"


@since_1_1
def test_error_carries_a_content_type(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    assert _error(wire, version).header("content-type")


@since_1_1
def test_the_content_type_of_error_is_a_mime_type(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    assert re.fullmatch(r"text/plain(;charset=utf-8)?", _error(wire, version).header("content-type"))


@since_1_1
def test_a_body_without_content_type_is_passed_on_untouched(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    message = _round_trip(wire, version, body=b"\xff\xfe\0\r\n\n")
    assert message.body == b"\xff\xfe\0\r\n\n"
    assert message.get("content-type") is None


@since_1_1
def test_the_body_of_error_is_utf_8(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    assert _error(wire, version).body.decode("utf-8")


@since_1_1
@pytest.mark.parametrize("value", ["text/html;charset=utf-16", "application/xml;charset=utf-8"])
def test_the_charset_of_a_content_type_is_passed_on(wire: Wire, version: str, value: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    body = TEXT.decode().encode(value.partition("=")[2])
    message = _round_trip(wire, version, f"content-type:{value}", body=body)
    assert message.header("content-type") == value
    assert message.body == body


@every_version
def test_utf_8_text_comes_through_as_it_went_in(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-type"."""
    assert _round_trip(wire, version, "content-type:text/plain").body == TEXT
