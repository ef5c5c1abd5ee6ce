"""The quick way through frames that are like those before them; compiled where it can be.

Frames of any other kind are for :class:`hoofbeat.protocol.decoder.FrameDecoder`: whatever this leaves
to it, the frames are the same.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from hoofbeat.protocol.blocks import Block
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.limits import FrameLimits

Blocks = dict[bytes, Block]
Bares = dict[bytes, Headers]
Scan = Callable[[bytes, int, Blocks, Bares | None, FrameLimits, list[Frame]], int]

_frame: Final = partial(tuple.__new__, Frame)  # half the cost of Frame(...)


def scan(
    data: bytes, pos: int, blocks: Blocks, bares: Bares | None, limits: FrameLimits, frames: list[Frame]
) -> int:
    """Append whole frames whose header block is known; return where the first other one starts.

    Args:
        data: what one read brought, with what was left of the one before.
        pos: where a frame starts, or an EOL between frames.
        blocks: the known ones.
        bares: headers of blocks without their ``content-length``, for the compiled twin, which reads
            new blocks into both; None while the version does not take headers as they are.
        limits: of a frame.
        frames: what is appended to.
    """
    size = len(data)
    while True:
        while pos < size and data[pos] in b"\n\r\0":
            pos += 1
        end = data.find(b"\n\n", pos)
        block = blocks.get(data[pos:end]) if end >= 0 else None
        if block is None:
            return pos
        command, headers, length = block
        body = end + 2
        stop = data.find(b"\0", body) if length < 0 else body + length
        if stop < 0 or stop >= size or stop - body > limits.body_bytes or data[stop]:
            return pos
        if stop > body and command is not Command.SEND:
            return pos
        frames.append(_frame((command, headers, data[body:stop])))
        pos = stop + 1
