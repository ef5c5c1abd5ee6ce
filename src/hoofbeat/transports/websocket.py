"""STOMP in WebSocket messages: one frame in each on the way out, any cutting on the way in."""

from asyncio import BaseTransport
from collections.abc import Sequence

from hoofbeat.broker.users import Peer
from hoofbeat.protocol.framing import Tails
from hoofbeat.transports.stream import WRITE_BUFFER_BYTES, Gate, StreamOutlet, later
from hoofbeat.transports.websocket_reader import (
    BINARY,
    TEXT,
    WebSocketReader,
    close_frame,
    frame_header,
)

_OPCODES = 0  # key in Tails.parts of what was decided for each tail; other keys are lengths
_OPCODE_BYTES = {TEXT: bytes((TEXT,)), BINARY: bytes((BINARY,))}


class WebSocketFraming:
    """Puts each frame in a message of its own: text where it is valid UTF-8, else binary.

    A browser drops the connection over a text message that is not UTF-8, and older clients
    expect text wherever it can be had.
    """

    __slots__ = ()

    def frame(self, data: bytes) -> bytes:
        """Return one message."""
        return frame_header(_opcode(data), len(data)) + data

    def run(self, head: bytes, tails: Tails) -> bytes:
        """Return a message for every tail, in one C call for heads of a length met before.

        A message's header depends on the head by its length alone, so what stands between two
        heads (the tail of one message, the header of the next) is made once per length. The
        head itself is always UTF-8: it was encoded from text.
        """
        parts = tails.parts.get(len(head))
        if parts is None:
            parts = tails.parts[len(head)] = self._parts(len(head), tails)
        return head.join(parts)

    def frames(self, items: Sequence[bytes]) -> bytes:
        """Return a message for each."""
        return b"".join([self.frame(item) for item in items])

    def _parts(self, head_size: int, tails: Tails) -> list[bytes]:
        opcodes = tails.parts.get(_OPCODES)
        if opcodes is None:
            opcodes = tails.parts[_OPCODES] = [_OPCODE_BYTES[_opcode(tail)] for tail in tails.items]
        headers = [
            frame_header(opcode[0], head_size + len(tail))
            for opcode, tail in zip(opcodes, tails.items, strict=True)
        ]
        between = [tail + header for tail, header in zip(tails.items, headers[1:], strict=False)]
        return [headers[0], *between, tails.items[-1]]


WEBSOCKET = WebSocketFraming()


def _opcode(data: bytes) -> int:
    if data.isascii():
        return TEXT
    try:
        data.decode()
    except UnicodeDecodeError:
        return BINARY
    return TEXT


class WebSocketOutlet(StreamOutlet):
    """One client in a WebSocket, from the end of the opening handshake."""

    __slots__ = ("_reader",)

    def __init__(self, gate: Gate, limit: int) -> None:
        """Refuse WebSocket frames with more than ``limit`` octets."""
        super().__init__(gate)
        self._reader = WebSocketReader(limit)

    def open(self, transport: BaseTransport, peer: Peer) -> None:
        """Start to carry bytes; the gate has let ``peer`` in."""
        self.attach(transport, WEBSOCKET, peer)

    def data_received(self, data: bytes) -> None:
        """Hand on the octets of all messages in one read as one batch."""
        reader = self._reader
        payload = reader.feed(data)
        if self._linger is not None:
            self._closing(len(data))
            return
        now = self._now()
        if payload and self._receiver is not None:
            self._receiver.received(payload, now)
        if reader.replies:
            self._reply()
        if reader.end is not None:
            self._end(reader.end)
        self._answer(now, len(data))
        self.rest(len(data))

    def close(self) -> None:
        """Let what was written go out, then begin the closing handshake.

        RFC 6455, 7.1.2 "Start the WebSocket Closing Handshake".
        """
        if self._linger is None and not self.transport.is_closing():
            self.resume_reading()
            self.transport.write(close_frame(self.gate.close_code))
            self._linger = later(self.linger_seconds, self.transport.abort)

    def _closing(self, count: int) -> None:
        """Wait for the peer's close frame, then close the stream, which is the server's part."""
        if self._reader.is_clean:
            self.transport.close()
        else:
            self.discard(count)

    def _reply(self) -> None:
        """Answer pings; a peer that does not read its answers gets no more of them."""
        if self.transport.get_write_buffer_size() <= WRITE_BUFFER_BYTES:
            self.write(self._reader.replies)
        self._reader.replies.clear()

    def _end(self, frame: bytes) -> None:
        """Answer what came before, then the close frame; after a fault nothing more is read."""
        self.gate.flush()
        if self._linger is None and not self.transport.is_closing():
            self.transport.write(frame)
            self.half_close()
