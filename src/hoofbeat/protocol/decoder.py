"""From bytes, cut anywhere, to frames."""

import re
from functools import partial

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.blocks import ACK_ID_BYTES, Block, BlockReader
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.scan import HeaderScan

_BETWEEN_FRAMES = re.compile(rb"[\n\r\0]+")
_CR = 13  # EOLs and a stray NUL, the octets that may stand between frames, are not above it
_frame = partial(tuple.__new__, Frame)  # half the cost of Frame(...)
_A = ord("A")
_HANDSHAKES = (Command.CONNECT, Command.STOMP)


class FrameDecoder:
    """Cuts a stream of bytes into frames.

    Feed it whatever the stream gave; it keeps what is not yet a whole frame. Time is linear in
    the bytes fed, however they are cut. Bare EOLs between frames are heart-beats and yield
    nothing. After CONNECT it stops until :meth:`adopt` tells which version was agreed on, since
    that decides how the next frame reads.

    Attributes:
        fault: what was wrong with the first frame that could not be read; it ends the stream.
        waiting: CONNECT came, and the version is not known yet.
    """

    __slots__ = (
        "_body",
        "_limits",
        "_need",
        "_partial",
        "_reader",
        "_reads_acks",
        "_scan",
        "_seen",
        "fault",
        "waiting",
    )

    def __init__(self, reader: BlockReader, limits: FrameLimits) -> None:
        """Start before the first byte; ``reader`` is the one for no version yet."""
        self.fault: RemoteProtocolError | None = None
        self.adopt(reader, limits)
        self._partial: bytearray | None = None
        self._need = 0  # octets a partial frame has when its announced body is whole; 0 unknown
        self._body = 0  # where a partial body without length starts
        self._seen = 0  # octets of a partial body searched for NUL in vain; 0 in the headers
        self._scan: HeaderScan | None = None

    def adopt(self, reader: BlockReader, limits: FrameLimits) -> None:
        """Go on after CONNECT, reading as the agreed version does; feed ``b""`` next."""
        self._reader = reader
        self._limits = limits
        self._reads_acks = (
            limits.headers > 0 and min(limits.line_bytes, limits.block_bytes) > 2 * ACK_ID_BYTES
        )
        self.waiting = False

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes and return the frames they complete, in order.

        A fault never eats the good frames before it: they are returned, :attr:`fault` holds
        the error, and further bytes are ignored.

        Args:
            data: any number of octets, cut anywhere, even inside a character or an EOL.

        STOMP 1.2, "STOMP Frames", "Repeated Header Entries", "Size Limits".
        """
        if self.fault is not None:
            return []
        partial = self._partial
        if partial is not None:
            partial += data
            try:
                if self.waiting or not self._worth_reading(partial):
                    return []
            except RemoteProtocolError as fault:
                self._fail(fault)
                return []
            data = bytes(partial)
            self._partial = None
        elif self.waiting:
            self._partial = bytearray(data)
            return []
        frames: list[Frame] = []
        try:
            end = self._cut(data, frames)
            if end < len(data):
                self._keep(data, end)
        except RemoteProtocolError as fault:
            self._fail(fault)
        return frames

    def _fail(self, fault: RemoteProtocolError) -> None:
        self.fault = fault
        self._partial = self._scan = None

    def _cut(self, data: bytes, frames: list[Frame]) -> int:
        """Append the whole frames of ``data``; return where the first partial one starts."""
        size = len(data)
        young = self._reader.young
        pos = 0
        blank = blank_crlf = -1  # next LF LF and next LF CR LF; ``size`` where there is none
        while pos < size:
            first = data[pos]
            if first <= _CR and (between := _BETWEEN_FRAMES.match(data, pos)):
                pos = between.end()
                continue
            if first == _A and self._reads_acks:
                acks, pos = self._reader.read_acks(data, pos)
                if acks:
                    frames += [_frame((Command.ACK, headers, b"")) for headers in acks]
                    continue
            if blank < pos:
                blank = data.find(b"\n\n", pos)
                blank = size if blank < 0 else blank
            if blank_crlf < pos:
                blank_crlf = data.find(b"\n\r\n", pos)
                blank_crlf = size if blank_crlf < 0 else blank_crlf
            end, body = (blank, blank + 2) if blank < blank_crlf else (blank_crlf, blank_crlf + 3)
            if end == size:
                return self._in_headers(pos)
            raw = data[pos:end]
            command, headers, length = young.get(raw) or self._read(data, pos, end, body)
            stop = data.find(b"\0", body) if length < 0 else body + length
            if stop < 0 or stop >= size or stop - body > self._limits.body_bytes or data[stop]:
                self._await_end(size, pos, body, stop, length)
                return pos
            if stop > body and command is not Command.SEND:
                self._reader.check_body(command)
            frames.append(_frame((command, headers, data[body:stop])))
            pos = stop + 1
            if command in _HANDSHAKES:
                self.waiting = True
                return pos
        return pos

    def _await_end(self, size: int, pos: int, body: int, stop: int, length: int) -> None:
        """Note what will end the body of the frame at ``pos``, or say why nothing can."""
        if length < 0:
            self._check_size((size if stop < 0 else stop) - body)
            self._seen = size - pos
            self._body = body - pos
            return
        self._check_size(length)
        if stop < size:
            raise RemoteProtocolError(
                f"no NUL after the {length} octets that content-length announced", section="Body"
            )
        self._need = stop + 1 - pos

    def _check_size(self, size: int) -> None:
        if size > self._limits.body_bytes:
            raise RemoteProtocolError(f"body over {self._limits.body_bytes} bytes", section="Size Limits")

    def _read(self, data: bytes, pos: int, end: int, body: int) -> Block:
        """Read a block that the cache does not hold, its limits checked octet by octet."""
        limits = self._limits
        raw = data[pos:end]
        if len(raw) <= limits.command_bytes <= limits.headers:
            is_simple = b"\0" not in raw
        else:
            is_simple = (
                len(raw) <= min(limits.line_bytes, limits.block_bytes)
                and raw.count(b"\n") <= limits.headers
                and b"\0" not in raw
                and b"\n" in raw[: limits.command_bytes + 1]
            )
        if not is_simple:
            HeaderScan(limits).advance(data[pos:body])
        return self._reader.read(raw)

    def _in_headers(self, pos: int) -> int:
        """Note that the frame at ``pos`` lacks its blank line."""
        self._need = self._seen = 0
        self._scan = HeaderScan(self._limits)
        return pos

    def _keep(self, data: bytes, pos: int) -> None:
        self._partial = partial = bytearray(data[pos:])
        if self._scan is not None:
            self._scan.advance(partial)

    def _worth_reading(self, partial: bytearray) -> bool:
        """Say whether what was kept got far enough to be cut again; look at each octet once."""
        if self._scan is not None:
            if not self._scan.advance(partial):
                return False
            self._scan = None
        elif self._need:
            if len(partial) < self._need:
                return False
            self._need = 0
        elif self._seen:
            seen, self._seen = self._seen, len(partial)
            if partial.find(b"\0", seen) < 0 and len(partial) - self._body <= self._limits.body_bytes:
                return False
            self._seen = 0
        return True
