"""RFC 6455, the receiving side of a server: WebSocket frames in, the octets of their messages out."""

from codecs import IncrementalDecoder, getincrementaldecoder

from hoofbeat.errors import HoofbeatError

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled part for this platform
    from websockets.utils import apply_mask

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80

NORMAL, GOING_AWAY, PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1000, 1001, 1002, 1007, 1009

_WHOLE_TEXT = FIN | TEXT
_WHOLE = (FIN | BINARY, FIN | TEXT)  # first octets of messages in one frame
_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CLOSE_CODES = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))
_CONTROL_BYTES = 125
_make_decoder = getincrementaldecoder("utf-8")


class _FaultError(HoofbeatError):
    """The peer broke RFC 6455; ``args`` are the close code and the reason."""


def frame_header(opcode: int, size: int) -> bytes:
    """Return what stands before ``size`` octets that a server sends in one unmasked frame.

    RFC 6455, 5.2 "Base Framing Protocol".
    """
    if size < 126:
        return bytes((FIN | opcode, size))
    if size < 65536:
        return bytes((FIN | opcode, 126, size >> 8, size & 0xFF))
    return bytes((FIN | opcode, 127)) + size.to_bytes(8, "big")


def close_frame(code: int, reason: str = "") -> bytes:
    """Return the frame that begins, or answers, the closing handshake; 1005 stands for no code.

    RFC 6455, 5.5.1 "Close".
    """
    payload = b"" if code == 1005 else code.to_bytes(2, "big") + reason.encode()[:120]
    return frame_header(CLOSE, len(payload)) + payload


class WebSocketReader:
    """Takes WebSocket frames apart, however the network cut them.

    The octets of messages are handed on as they come: a frame need not be whole for that, so
    no more is kept here than a header or a control frame. STOMP finds the ends of its frames
    by itself. Time is linear in the bytes fed.

    Attributes:
        replies: pongs to be sent, in order; the caller empties it.
        end: the close frame to be sent, once the peer has closed or broken the protocol;
            nothing is read from then on.
        is_clean: the end is the peer's own close frame.
    """

    __slots__ = (
        "_is_last",
        "_limit",
        "_mask",
        "_opcode",
        "_remaining",
        "_rest",
        "_utf8",
        "end",
        "is_clean",
        "replies",
    )

    def __init__(self, limit: int) -> None:
        """Refuse frames with more than ``limit`` octets."""
        self.replies: list[bytes] = []
        self.end: bytes | None = None
        self.is_clean = False
        self._limit = limit
        self._rest = b""  # the beginning of a header or of a control frame
        self._opcode = 0  # of the message that has begun and not ended
        self._is_last = False  # the frame being read ends its message
        self._remaining = 0  # octets missing of the frame being read
        self._mask = b""  # for the next of them
        self._utf8: IncrementalDecoder | None = None  # of a text message not read in one go

    def feed(self, data: bytes) -> bytes:
        """Take in bytes and return the octets of messages among them, in one piece.

        A fault never eats what came before it: see :attr:`end`.
        """
        if self.end is not None:
            return b""
        parts: list[bytes] = []
        try:
            self._read(self._rest + data if self._rest else data, parts)
        except _FaultError as fault:
            self.end = close_frame(*fault.args)
            self._rest = b""
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read(self, data: bytes, parts: list[bytes]) -> None:
        """Read frames; those that are whole messages, as nearly all are, right here."""
        at = self._take(data, 0, parts) if self._remaining else 0
        size = len(data)
        while at + 2 <= size:
            first = data[at]
            length = data[at + 1] - 128
            start = at + 6
            if length == 126 and at + 4 <= size:
                length = data[at + 2] << 8 | data[at + 3]
                start = at + 8
            end = start + length
            if (
                end <= size
                and 0 <= length <= self._limit
                and (length < 126) is (start == at + 6)
                and first in _WHOLE
                and not self._opcode
            ):
                payload = apply_mask(data[start:end], data[start - 4 : start])
                if first == _WHOLE_TEXT and not payload.isascii():
                    _check_text(payload, parts)
                parts.append(payload)
                at = end
                continue
            next_at = self._begin(data, at, parts)
            if next_at == at or self.end is not None:
                break
            at = next_at
        self._rest = b"" if self.end is not None else data[at:]

    def _begin(self, data: bytes, at: int, parts: list[bytes]) -> int:
        """Read one frame of any kind, as far as it is there.

        Returns:
            where to go on; ``at`` again if more has to come first.
        """
        opcode = _check_first(data[at])
        length, start = _length(data, at)
        if opcode >= CLOSE:
            return self._control(opcode, data, at, start, length)
        if (opcode == CONTINUATION) != bool(self._opcode):
            raise _FaultError(PROTOCOL_ERROR, "continuation out of place")
        if length > self._limit:
            raise _FaultError(TOO_BIG, f"frame over {self._limit} bytes")
        if start > len(data):
            return at
        if opcode != CONTINUATION:
            self._opcode = opcode
            self._utf8 = _make_decoder() if opcode == TEXT else None
        self._is_last = data[at] & FIN != 0
        self._remaining = length
        self._mask = data[start - 4 : start]
        return self._take(data, start, parts)

    def _take(self, data: bytes, at: int, parts: list[bytes]) -> int:
        """Read octets of the frame that has begun, and end it with the last of them."""
        payload = data[at : at + self._remaining]
        size = len(payload)
        payload = apply_mask(payload, self._mask)
        self._remaining -= size
        turn = size % 4
        self._mask = self._mask[turn:] + self._mask[:turn]
        is_over = self._is_last and not self._remaining
        if self._utf8 is not None:
            _check_piece(self._utf8, payload, is_over, parts)
        parts.append(payload)
        if is_over:
            self._opcode = 0
            self._utf8 = None
        return at + size

    def _control(self, opcode: int, data: bytes, at: int, start: int, length: int) -> int:
        """Read a control frame; it may stand between the fragments of a message.

        RFC 6455, 5.5 "Control Frames".
        """
        if not data[at] & FIN or length > _CONTROL_BYTES:
            raise _FaultError(PROTOCOL_ERROR, "control frame fragmented or over 125 bytes")
        end = start + length
        if end > len(data):
            return at
        payload = apply_mask(data[start:end], data[start - 4 : start])
        if opcode == PING:
            self.replies.append(frame_header(PONG, length) + payload)
        elif opcode == CLOSE:
            self.end = close_frame(_close_code(payload))
            self.is_clean = True
        return end


def _check_first(first: int) -> int:
    """Return the opcode in a frame's first octet."""
    if first & 0x70:
        raise _FaultError(PROTOCOL_ERROR, "reserved bit set without an extension")
    opcode = first & 0x0F
    if opcode not in _OPCODES:
        raise _FaultError(PROTOCOL_ERROR, f"reserved opcode {opcode:#x}")
    return opcode


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return a frame's length and where its payload starts; past the data if it can't be said yet.

    RFC 6455, 5.2: the fewest octets that hold the length must be used, and clients must mask.
    """
    length = data[at + 1] - 128
    if length < 0:
        raise _FaultError(PROTOCOL_ERROR, "frame of a client not masked")
    if length < 126:
        return length, at + 6
    octets, least = (2, 126) if length == 126 else (8, 65536)
    if at + 2 + octets > len(data):
        return (least, len(data) + 1)
    length = int.from_bytes(data[at + 2 : at + 2 + octets], "big")
    if length < least or length >> 63:
        raise _FaultError(PROTOCOL_ERROR, "length not in its shortest form")
    return length, at + 6 + octets


def _check_text(payload: bytes, parts: list[bytes]) -> None:
    """Complain of a text message that is not UTF-8, after what is good of it."""
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        parts.append(payload[: error.start])
        raise _FaultError(INVALID_DATA, "text message is not UTF-8") from None


def _check_piece(utf8: IncrementalDecoder, payload: bytes, is_over: bool, parts: list[bytes]) -> None:
    """Likewise, for a piece of one: a character may begin in one piece and end in the next."""
    kept = len(utf8.getstate()[0])
    try:
        utf8.decode(payload, is_over)
    except UnicodeDecodeError as error:
        parts.append(payload[: max(0, error.start - kept)])
        raise _FaultError(INVALID_DATA, "text message is not UTF-8") from None


def _close_code(payload: bytes) -> int:
    """Return the code of a close frame, 1005 if it has none.

    RFC 6455, 7.4 "Status Codes".
    """
    if not payload:
        return 1005
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        raise _FaultError(PROTOCOL_ERROR, "close frame with an invalid code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise _FaultError(INVALID_DATA, "reason in a close frame is not UTF-8") from None
    return code
