"""From bytes to what is measured: bodies and acknowledgements, many in one go."""

import re
from collections.abc import Callable
from typing import NamedTuple

from hoofbeat.cli.bench.plan import LEAST_SIZE
from hoofbeat.cli.listening import ack_headers
from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.client import ClientSession
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.encoder import encode
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.versions import FACTS

_STARTS = (b"MESSAGE\n", b"\nMESSAGE\n")
_EOL = b"\r\n"
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"\ncontent-length *: *([0-9]{1,9}) *\r?\n")
_MOST_KEPT = 32 * 1024 * 1024  # of a frame that has not ended; more than any that we sent


class Read(NamedTuple):
    """What one read brought.

    Attributes:
        bodies: the beginning of each, as long as a stamp.
        acks: an ACK for each body, where they were asked for.
        others: frames that are no MESSAGE.
    """

    bodies: list[bytes]
    acks: list[bytes]
    others: list[Frame]


class Reader:
    """Cuts MESSAGEs of one size out of the stream of a session, and leaves all else to the session.

    A message costs a tenth of what it costs the session: reading all of a header block that
    differs in every message, that would be slower than the broker that is to be measured. Whatever
    is not exactly as expected, the session reads.
    """

    def __init__(self, session: ClientSession, size: int, *, acks: bool) -> None:
        """Read for a session that is connected; bodies have ``size`` octets and hold no NUL."""
        self._session = session
        self._size = size
        self._length = b"\ncontent-length:%d\n" % size
        self._ack = _acknowledger(session) if acks else None
        self._rest = b""

    def feed(self, data: bytes, now: float) -> Read:
        """Take in bytes, cut anywhere; the session's ``fault`` says what was wrong with them."""
        if self._rest:
            data = self._rest + data
        read = Read([], [], [])
        pos = 0
        while self._session.fault is None:
            start, pos = pos, self._plain(data, pos, read)
            if pos == start and (pos := self._other(data, pos, now, read)) == start:
                break
        self._rest = data[pos:] if self._session.fault is None else b""
        if len(self._rest) > _MOST_KEPT:
            self._session.fault = RemoteProtocolError("a frame does not end", section="Size Limits")
            self._rest = b""
        return read

    def _plain(self, data: bytes, pos: int, read: Read) -> int:
        """Take MESSAGEs that are as expected; return where something else begins."""
        if not data.startswith(_STARTS, pos):
            return pos
        size, length, ack = self._size, self._length, self._ack
        pieces = (data[pos:] if pos else data).split(b"\0")
        pieces.pop()  # is not whole
        for piece in pieces:
            if (
                not piece.startswith(_STARTS)
                or piece.find(b"\n\n") != len(piece) - size - 2
                or b"\r" in piece
                or (length not in piece and b"\ncontent-length" in piece)
            ):
                break
            if ack is not None:
                frame = ack(piece)
                if not frame:
                    break
                read.acks.append(frame)
            read.bodies.append(piece[-size:][:LEAST_SIZE])
            pos += len(piece) + 1
        return pos

    def _other(self, data: bytes, pos: int, now: float, read: Read) -> int:
        """Let the session read one frame, or what is between frames; return where it ends, if it does."""
        while pos < len(data) and data[pos] in _EOL:
            pos += 1
        end = _end(data, pos)
        for frame in self._session.feed(data[pos:end], now):
            self._sort(frame, read)
        return end

    def _sort(self, frame: Frame, read: Read) -> None:
        if frame.command is not Command.MESSAGE:
            read.others.append(frame)
            return
        read.bodies.append(frame.body[:LEAST_SIZE])
        if self._ack is not None:
            version = self._session.version
            try:
                read.acks.append(encode(Command.ACK, ack_headers(frame, version), version=version))
            except KeyError as missing:
                self._session.fault = RemoteProtocolError(
                    f"MESSAGE without {missing}, which its ACK has to name", section="MESSAGE"
                )


def _end(data: bytes, pos: int) -> int:
    """Return where the frame at ``pos`` ends, or ``pos`` where it is not whole."""
    blank = _BLANK_LINE.search(data, pos)
    if blank is None:
        return pos
    length = _LENGTH.search(data, pos, blank.end())
    end = blank.end() + int(length[1]) if length else data.find(b"\0", blank.end())
    return end + 1 if 0 <= end < len(data) else pos


def _acknowledger(session: ClientSession) -> Callable[[bytes], bytes]:
    """Return what makes an ACK out of the head of a MESSAGE; out of one that it can't use, nothing.

    Values are escaped on the way back as they were on the way here, so they stay as they are.

    STOMP 1.2, "ACK"; STOMP 1.1, "ACK"; STOMP 1.0, "ACK".
    """
    if FACTS[session.version].ack_header:
        return _by_ack
    return _by_both if FACTS[session.version].needs_id else _by_message


def _by_ack(head: bytes) -> bytes:
    at = head.find(b"\nack:") + 5
    return b"ACK\nid:%b\n\n\0" % head[at : head.find(b"\n", at)] if at > 4 else b""


def _by_both(head: bytes) -> bytes:
    message, subscription = _value(head, b"\nmessage-id:"), _value(head, b"\nsubscription:")
    if not message or not subscription:
        return b""
    return b"ACK\nmessage-id:%b\nsubscription:%b\n\n\0" % (message, subscription)


def _by_message(head: bytes) -> bytes:
    message = _value(head, b"\nmessage-id:")
    return b"ACK\nmessage-id:%b\n\n\0" % message if message else b""


def _value(head: bytes, name: bytes) -> bytes:
    at = head.find(name) + len(name)
    return head[at : head.find(b"\n", at)] if at >= len(name) else b""
