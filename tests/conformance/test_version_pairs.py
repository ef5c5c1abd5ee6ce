"""All nine pairs of versions exchange messages whose headers are hard to write."""

import pytest

from tests.conformance.wire import VERSIONS, Heard, Wire, frame, settlement

# How each version writes what delimits headers, said here once more: not by our own tables.
ESCAPES = {
    "1.0": {},
    "1.1": {"\\": r"\\", "\n": r"\n", ":": r"\c"},
    "1.2": {"\\": r"\\", "\n": r"\n", ":": r"\c", "\r": r"\r"},
}

AWKWARD = {
    "colon": "a:b",
    "colons": "::",
    "backslash": "a\\b",
    "backslash-at-the-end": "a\\",
    "backslashes": "\\\\",
    "looks-like-an-escaped-line-feed": "a\\nb",
    "looks-like-an-escaped-colon": "a\\cb",
    "looks-like-nothing-known": "a\\tb",
    "line-feed": "a\nb",
    "line-feed-and-header": "a\nforged:yes",
    "blank-line": "a\n\nb",
    "carriage-return": "a\rb",
    "carriage-return-at-the-end": "a\r",
    "both": "a\r\nb",
    "spaces": "  a  ",
    "tab": "\ta\t",
    "nothing": "",
    "far-away": "日本 ärger 🦫 \u2028",
    "na:me": "colon",
    "na\\me": "backslash",
    "na\nme": "line feed",
    " padded ": "name",
    "schlüssel": "utf-8",
    "UPPER": "and lower",
}

pairs = pytest.mark.parametrize(
    ("sends", "hears"), [(sends, hears) for sends in VERSIONS for hears in VERSIONS]
)


def _escape(text: str, version: str) -> str | None:
    """Write a name or value as the version does; None where it can't."""
    escaped = "".join(ESCAPES[version].get(char, char) for char in text)
    if "\n" in escaped or (version == "1.0" and "\r" in escaped) or escaped.endswith("\r"):
        return None
    return escaped


def _line(name: str, value: str, version: str) -> str | None:
    escaped_name, escaped_value = _escape(name, version), _escape(value, version)
    if escaped_name is None or escaped_value is None or ":" in escaped_name:
        return None
    return f"{escaped_name}:{escaped_value}"


def _sent(version: str) -> dict[str, str]:
    """Return what a sender of that version can say, as it is meant; 1.0 trims."""
    said = {name: value for name, value in AWKWARD.items() if _line(name, value, version)}
    if version == "1.0":
        said = {name.strip(): value.strip() for name, value in said.items()}
    return said


def _heard(sends: str, hears: str) -> list[tuple[str, str]]:
    """Return the header lines that reach the listener, in order."""
    lines = [_line(name, value, hears) for name, value in _sent(sends).items()]
    return [(line.partition(":")[0], line.partition(":")[2]) for line in lines if line is not None]


def _send(version: str, destination: str, *more: str) -> bytes:
    lines = [_line(name, value, version) for name, value in AWKWARD.items()]
    said = [line for line in lines if line is not None]
    return frame("SEND", f"destination:{destination}", *said, *more, "content-length:3", body=b"\0\n\xff")


def _user_headers(message: Heard) -> list[tuple[str, str]]:
    ours = {
        "subscription",
        "message-id",
        "destination",
        "content-length",
        "ack",
        "redelivered",
        "delivery-count",
    }
    return [(name, value) for name, value in message.headers if name not in ours]


@pairs
def test_awkward_headers_cross_versions(sends: str, hears: str, wire: Wire) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    sender.send(_send(sends, "/topic/a"))
    message = listener.frame()
    assert _user_headers(message) == _heard(sends, hears)
    assert message.body == b"\0\n\xff"


@pairs
def test_headers_read_before_are_written_as_the_first_time(sends: str, hears: str, wire: Wire) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    sender.send(_send(sends, "/topic/a") * 2)
    sender.send(_send(sends, "/topic/a"), frame("SEND", "destination:/topic/b"), _send(sends, "/topic/a"))
    assert [_user_headers(message) for message in listener.frames()] == [_heard(sends, hears)] * 4


@pairs
def test_headers_beside_a_receipt_and_a_transaction_cross_versions(
    sends: str, hears: str, wire: Wire
) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    sender.send(
        frame("BEGIN", "transaction:1"),
        _send(sends, "/topic/a", "receipt:1", "transaction:1"),
        frame("COMMIT", "transaction:1"),
    )
    assert _user_headers(listener.frame()) == _heard(sends, hears)


@pairs
def test_awkward_headers_come_back_with_a_message_that_was_refused(
    sends: str, hears: str, wire: Wire
) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client-individual"))
    sender.send(_send(sends, "/queue/a"))
    first = listener.frame()
    listener.send(settlement("NACK", hears, first))
    again = listener.frame()
    assert again.header("redelivered") == "true"
    assert _user_headers(first) == _user_headers(again) == _heard(sends, hears)


@pairs
def test_an_awkward_destination_crosses_versions(sends: str, hears: str, wire: Wire) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    destination = "/topic/a:b\\c d"
    listener.send(frame("SUBSCRIBE", "id:0", f"destination:{_escape(destination, hears)}"))
    sender.send(frame("SEND", f"destination:{_escape(destination, sends)}"))
    assert listener.frame().header("destination") == _escape(destination, hears)


@pytest.mark.parametrize("hears", VERSIONS)
@pytest.mark.parametrize("sends", VERSIONS[1:])
def test_a_destination_that_1_0_cannot_say_forges_no_header(sends: str, hears: str, wire: Wire) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/**"))
    sender.send(frame("SEND", r"destination:/topic/a\nforged\cyes", "receipt:1"))
    assert all(message.get("forged") is None for message in listener.frames())


@pairs
def test_an_awkward_subscription_id_is_its_own_affair(sends: str, hears: str, wire: Wire) -> None:
    listener, sender = wire.connect(hears), wire.connect(sends)
    name = _escape("sub:1\\x", hears)
    listener.send(frame("SUBSCRIBE", f"id:{name}", "destination:/topic/a"))
    sender.send(frame("SEND", "destination:/topic/a"))
    heard = listener.frame().header("subscription")
    listener.send(frame("UNSUBSCRIBE", f"id:{name}"))
    sender.send(frame("SEND", "destination:/topic/a"))
    assert (heard, listener.frames()) == (name, [])


def test_one_message_reaches_listeners_of_every_version(wire: Wire) -> None:
    listeners = {version: wire.connect(version) for version in VERSIONS}
    for listener in listeners.values():
        listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    for sends in VERSIONS:
        wire.connect(sends).send(_send(sends, "/topic/a"))
    for hears, listener in listeners.items():
        assert [_user_headers(message) for message in listener.frames()] == [
            _heard(sends, hears) for sends in VERSIONS
        ]
