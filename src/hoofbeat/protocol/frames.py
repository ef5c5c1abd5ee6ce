"""The frame: the one value that crosses between the wire and everything above it."""

from collections.abc import Mapping
from typing import NamedTuple

from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.headers import Headers


class Frame(NamedTuple):
    """One STOMP frame.

    Attributes:
        command: what the frame asks for or reports.
        headers: name to value, unescaped, in wire order; of repeated names the first is kept.
        body: the octets between the blank line and the NUL, neither included.
    """

    command: Command
    headers: Headers
    body: bytes = b""


def frame(command: Command, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Frame:
    """Make a frame out of a plain mapping."""
    return Frame(command, Headers(dict(headers or {})), body)
