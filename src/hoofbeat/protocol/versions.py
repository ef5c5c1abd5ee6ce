"""The three versions of STOMP, and how they differ: facts in a table, not subclasses."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from hoofbeat.errors import RemoteProtocolError


class Version(StrEnum):
    """A version of STOMP that both sides agreed on. A ``StrEnum``, whose hash costs no Python call."""

    V1_0 = "1.0"
    V1_1 = "1.1"
    V1_2 = "1.2"


class Facts(NamedTuple):
    """What a version can say.

    Attributes:
        escapes: escape sequence to the character it stands for; empty where nothing is escaped.
        raw_cr: a carriage return inside a header value is a character like any other.
        ack_header: MESSAGE carries ``ack``, and ACK names it in ``id``.
        needs_id: SUBSCRIBE must carry ``id``.
        bodies_checked: only SEND, MESSAGE and ERROR may have a body.
    """

    escapes: Mapping[str, str]
    raw_cr: bool
    ack_header: bool
    needs_id: bool
    bodies_checked: bool


_ESCAPES_1_1 = {"\\n": "\n", "\\c": ":", "\\\\": "\\"}
_ESCAPES_1_2 = {**_ESCAPES_1_1, "\\r": "\r"}

FACTS: Mapping[Version, Facts] = {
    Version.V1_0: Facts({}, False, False, False, False),
    Version.V1_1: Facts(_ESCAPES_1_1, True, False, True, True),
    Version.V1_2: Facts(_ESCAPES_1_2, False, True, True, True),
}

SUPPORTED = tuple(version.value for version in Version)


def negotiate(accept_version: str | None) -> Version:
    """Choose the highest version both sides speak.

    Args:
        accept_version: CONNECT's header, or None where it has none, which means 1.0.

    Raises:
        RemoteProtocolError: there is no common version.

    STOMP 1.2, "Protocol Negotiation".
    """
    if accept_version is None:
        return Version.V1_0
    offered = {word.strip() for word in accept_version.split(",")}
    for version in reversed(Version):
        if version.value in offered:
            return version
    raise RemoteProtocolError(
        f"Supported protocol versions are {' '.join(SUPPORTED)}", section="Protocol Negotiation"
    )
