"""How much of a frame is taken in before it is whole."""

from typing import NamedTuple


class FrameLimits(NamedTuple):
    """Sizes past which a frame is refused, counted as the bytes arrive.

    Attributes:
        command_bytes: of the command line.
        headers: lines of the header block.
        line_bytes: of one header line.
        block_bytes: of command and headers together.
        body_bytes: between the blank line and the NUL.
    """

    command_bytes: int = 32
    headers: int = 100
    line_bytes: int = 8 * 1024
    block_bytes: int = 64 * 1024
    body_bytes: int = 16 * 1024 * 1024


# Before the peer is authenticated: a CONNECT frame, and nothing that could fill memory. That is 16 KiB
# in all; a body is read only to say what is wrong with the frame.
UNAUTHENTICATED = FrameLimits(block_bytes=12 * 1024, body_bytes=4 * 1024)
