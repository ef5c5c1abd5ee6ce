"""From bytes, cut anywhere, to frames."""

import re
from typing import Final

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.blocks import ACK_ID_BYTES, Block, BlockReader
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.scan import HeaderScan
from hoofbeat.protocol.scanner import Scan

try:
    from hoofbeat.protocol._scanner import make_frame, scan
except ImportError:  # no compiler where it was installed
    from hoofbeat.protocol.scanner import make_frame, scan

_A: Final = 65  # of ACK
_BLANK: Final = re.compile(rb"\n\r?\n")  # either kind in one search: who uses one kind has none of the other
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
        "_quick",
        "_reader",
        "_reads_acks",
        "_scan",
        "_seen",
        "_short",
        "fault",
        "waiting",
    )

    def __init__(self, reader: BlockReader, limits: FrameLimits, quick: Scan = scan) -> None:
        """Start before the first byte; ``reader`` is the one for no version yet, ``quick`` the scanner."""
        self._quick = quick
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
        line, block = limits.line_bytes, limits.block_bytes
        self._short = min(limits.command_bytes, limits.headers, line, block)
        self._reads_acks = self._short > 2 and min(line, block) > 2 * ACK_ID_BYTES
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
        size, reader, limits, quick = len(data), self._reader, self._limits, self._quick
        reader.age()
        pos = quick(data, 0, reader.young, reader.young_bare, limits, frames)
        while pos < size:
            end = self._cut_acks(data, pos, frames) if self._reads_acks and data[pos] == _A else pos
            if end == pos:
                end = self._cut_one(data, pos, frames)
                if end < 0 or self.waiting:
                    return pos if end < 0 else end
            pos = quick(data, end, reader.young, reader.young_bare, limits, frames)
        return pos

    def _cut_acks(self, data: bytes, pos: int, frames: list[Frame]) -> int:
        """Append the run of ACKs at ``pos``, if there is one that is plain; return where it ends."""
        acks, end = self._reader.read_acks(data, pos)
        frames += [make_frame((Command.ACK, headers, b"")) for headers in acks]
        return end

    def _cut_one(self, data: bytes, pos: int, frames: list[Frame]) -> int:
        """Append the frame at ``pos``, and return where it ends; -1 where it is not whole."""
        size = len(data)
        blank = _BLANK.search(data, pos)
        if blank is None:
            self._in_headers()
            return -1
        end, body = blank.span()
        raw = data[pos:end]
        command, headers, length = self._reader.young.get(raw) or self._read(data, pos, end, body)
        stop = data.find(b"\0", body) if length < 0 else body + length
        if stop < 0 or stop >= size or stop - body > self._limits.body_bytes or data[stop]:
            self._await_end(size, pos, body, stop, length)
            return -1
        if stop > body and command is not Command.SEND:
            self._reader.check_body(command)
        frames.append(make_frame((command, headers, data[body:stop])))
        self.waiting = command in _HANDSHAKES
        return stop + 1

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
        if len(raw) <= self._short:  # whatever stands in it
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

    def _in_headers(self) -> None:
        """Note that a frame lacks its blank line."""
        self._need = self._seen = 0
        self._scan = HeaderScan(self._limits)

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
