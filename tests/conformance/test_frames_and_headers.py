"""STOMP 1.2, "Frames and Headers": which frame needs which headers."""

import pytest

from tests.conformance.wire import Wire, connect_frame, frame

REQUIRED = [
    ("SEND", ("destination:/topic/a",)),
    ("SUBSCRIBE", ("destination:/topic/a", "id:0")),
    ("UNSUBSCRIBE", ("id:0",)),
    ("ACK", ("id:0",)),
    ("NACK", ("id:0",)),
    ("BEGIN", ("transaction:1",)),
    ("COMMIT", ("transaction:1",)),
    ("ABORT", ("transaction:1",)),
]


@pytest.mark.parametrize(
    ("command", "present", "missing"),
    [
        (command, tuple(header for header in headers if header != missing), missing.partition(":")[0])
        for command, headers in REQUIRED
        for missing in headers
    ],
)
def test_a_frame_without_a_required_header_gets_error(
    wire: Wire, command: str, present: tuple[str, ...], missing: str
) -> None:
    """STOMP 1.2, "Frames and Headers". ERROR names the header that is missing."""
    client = wire.connect("1.2")
    client.send(frame(command, *present))
    error = client.refusal()
    assert error.header("message").startswith("Missing ")
    assert missing in error.header("message") + error.body.decode()


def test_server_frames_carry_the_headers_they_require(wire: Wire) -> None:
    """STOMP 1.2, "Frames and Headers"."""
    client = wire.open()
    client.send(
        connect_frame("1.2"),
        frame("SUBSCRIBE", "id:0", "destination:/topic/a", "receipt:1"),
        frame("SEND", "destination:/topic/a"),
    )
    carried = {heard.command: {name for name, _ in heard.headers} for heard in client.frames()}
    assert carried["CONNECTED"] >= {"version"}
    assert carried["RECEIPT"] >= {"receipt-id"}
    assert carried["MESSAGE"] >= {"destination", "message-id", "subscription"}
