"""Streams of valid frames that end in a bad one, and what of the answers can be compared."""

import re

from hoofbeat.config import LimitsConfig
from tests.conformance.wire import frame

LIMITS = LimitsConfig(headers=8, header_line_bytes=80, header_block_bytes=200, body_bytes=60)

GOOD = (
    frame("SUBSCRIBE", "id:0", "destination:/topic/ä", "receipt:1")
    + frame("SEND", "destination:/topic/ä", "x:y", body=b"one")
    + b"\r\n\n"
    + frame("SEND", "destination:/topic/ä", "x:y", "content-length:3", body=b"\0\n\0")
    + b"SEND\r\ndestination:/topic/\xc3\xa4\r\n\r\n\r\nthree\0"
    + frame("SEND", "destination:/topic/ä", "receipt:2")
)

BAD = {
    "unknown command": frame("NONSENSE", "x:y"),
    "long command": frame("N" * 40),
    "endless command": b"N" * 40,
    "no colon": frame("SEND", "destination:/topic/ä", "no colon"),
    "no name": frame("SEND", "destination:/topic/ä", ":value"),
    "not utf-8": b"SEND\ndestination:/topic/\xff\n\n\0",
    "nul in the headers": b"SEND\ndestination:/top\0ic\n\n\0",
    "nul after the command": b"SEND\0\n\n\0",
    "no length": frame("SEND", "destination:/topic/ä", "content-length:x", body=b"x"),
    "negative length": frame("SEND", "destination:/topic/ä", "content-length:-1", body=b"x"),
    "short length": frame("SEND", "destination:/topic/ä", "content-length:2", body=b"xxx"),
    "large body": frame("SEND", "destination:/topic/ä", body=b"x" * 61),
    "endless body": b"SEND\ndestination:/topic/a\n\n" + b"x" * 70,
    "large announced body": frame("SEND", "destination:/topic/ä", "content-length:61", body=b"x" * 61),
    "long line": frame("SEND", "destination:/topic/ä", "x:" + "y" * 79),
    "endless line": b"SEND\nx:" + b"y" * 100,
    "many headers": frame("SEND", *[f"x{number}:y" for number in range(9)]),
    "large block": frame("SEND", *[f"x{number}:" + "y" * 70 for number in range(4)]),
    "missing destination": frame("SEND", "x:y", "receipt:3"),
    "unknown destination": frame("SEND", "destination:nowhere", "receipt:3"),
    "missing header": frame("BEGIN", "receipt:3"),
    "unknown transaction": frame("COMMIT", "transaction:9", "receipt:3"),
    "second connect": frame("CONNECT", "accept-version:1.2", "host:x", "receipt:3"),
    "frame of servers": frame("MESSAGE", "destination:/topic/ä"),
}
BAD_SINCE_1_1 = {
    "undefined escape": frame("SEND", "destination:/topic/ä", r"x:\t"),
    "undefined escape at the end": frame("SEND", "destination:/topic/ä", "x:y\\"),
    "body": frame("UNSUBSCRIBE", "id:0", body=b"body"),
    "announced body": frame("UNSUBSCRIBE", "id:0", "content-length:4", body=b"body"),
}
BAD_BEFORE_CONNECT = {
    "send first": frame("SEND", "destination:/topic/ä"),
    "no common version": frame("CONNECT", "accept-version:9"),
    "bad heart-beat": frame("CONNECT", "accept-version:1.2", "heart-beat:x"),
    "no colon": frame("CONNECT", "no colon"),
    "http": b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(40, 120)),
}

AFTER = frame("SEND", "destination:/topic/ä", "receipt:after")  # must never be looked at

_OF_ITS_OWN = re.compile(rb"(?<=\n)(session|message-id):[^\n]*")


def comparable(octets: bytes) -> bytes:
    """Leave out what differs from session to session."""
    return _OF_ITS_OWN.sub(rb"\1", octets)
