"""STOMP 1.2, "Size Limits": at the limit, and one past it."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig
from tests.conformance.wire import Client, Heard, Wire, every_version, frame

HEADERS = 100
LINE_BYTES = 8 * 1024
BODY_BYTES = 2000
SMALL_BODIES = BrokerConfig(limits=LimitsConfig(body_bytes=BODY_BYTES))


def _ask(wire: Wire, version: str, *headers: str, body: bytes = b"") -> Client:
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", "receipt:1", *headers, body=body))
    return client


def _receipt(client: Client) -> Heard:
    return client.frame()


def _limit_error(client: Client) -> Heard:
    error = client.refusal()
    assert "over" in error.header("message") or "more than" in error.header("message")
    return error


@every_version
def test_as_many_headers_as_the_limit_allows_are_taken(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Size Limits"."""
    client = _ask(wire, version, *[f"x{number}:y" for number in range(HEADERS - 2)])
    assert _receipt(client).command == "RECEIPT"


@every_version
def test_one_header_too_many_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Size Limits"."""
    assert _limit_error(_ask(wire, version, *[f"x{number}:y" for number in range(HEADERS - 1)]))


@every_version
def test_a_header_line_as_long_as_the_limit_is_taken(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Size Limits"."""
    client = _ask(wire, version, "x:" + "y" * (LINE_BYTES - 2))
    assert _receipt(client).command == "RECEIPT"


@every_version
def test_a_header_line_one_octet_too_long_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Size Limits"."""
    assert _limit_error(_ask(wire, version, "x:" + "y" * (LINE_BYTES - 1)))


@every_version
@pytest.mark.parametrize("announced", [False, True])
def test_a_body_as_large_as_the_limit_is_taken(version: str, announced: bool) -> None:
    """STOMP 1.2, "Size Limits"."""
    headers = [f"content-length:{BODY_BYTES}"] if announced else []
    client = _ask(Wire(SMALL_BODIES), version, *headers, body=b"y" * BODY_BYTES)
    assert _receipt(client).command == "RECEIPT"


@every_version
@pytest.mark.parametrize("announced", [False, True])
def test_a_body_one_octet_too_large_gets_error_and_the_close(version: str, announced: bool) -> None:
    """STOMP 1.2, "Size Limits"."""
    headers = [f"content-length:{BODY_BYTES + 1}"] if announced else []
    assert _limit_error(_ask(Wire(SMALL_BODIES), version, *headers, body=b"y" * (BODY_BYTES + 1)))
