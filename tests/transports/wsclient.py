"""The client's side of RFC 6455, as bytes."""

import os

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def mask(payload: bytes, key: bytes) -> bytes:
    """Mask octet by octet, just as 5.3 says it."""
    return bytes(octet ^ key[index % 4] for index, octet in enumerate(payload))


def client_frame(
    payload: bytes,
    opcode: int = BINARY,
    *,
    fin: bool = True,
    key: bytes | None = None,
    first: int | None = None,
) -> bytes:
    """Write a masked frame; ``first`` replaces its first octet."""
    key = os.urandom(4) if key is None else key
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 65536:
        length = bytes((0x80 | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((0x80 | 127,)) + size.to_bytes(8, "big")
    start = bytes((first if first is not None else (0x80 if fin else 0) | opcode,))
    return start + length + key + mask(payload, key)


def server_frames(data: bytes) -> list[tuple[int, bytes]]:
    """Take unmasked frames apart: first octet and payload of each; what is not whole is an error."""
    frames: list[tuple[int, bytes]] = []
    while data:
        size, start = data[1], 2
        assert size < 128, "a server never masks"
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        assert len(data) >= start + size, "frame cut short"
        frames.append((data[0], data[start : start + size]))
        data = data[start + size :]
    return frames


def upgrade(path: str = "/stomp", *headers: str, host: str = "localhost") -> bytes:
    """Write the request of RFC 6455, 1.2, to our path."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()
