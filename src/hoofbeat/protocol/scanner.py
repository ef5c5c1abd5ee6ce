"""The quick way through frames that are like those before them; compiled where it can be.

Frames of any other kind are for :class:`hoofbeat.protocol.decoder.FrameDecoder`: whatever this leaves
to it, the frames are the same.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from hoofbeat.protocol.blocks import CACHED_BYTES, Block
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.limits import FrameLimits

Parts = tuple[Command, Headers, bytes]
Blocks = dict[bytes, Block]
Bares = dict[bytes, Headers]
Scan = Callable[[bytes, int, Blocks, Bares | None, FrameLimits, list[Frame]], int]

_SEND: Final = Command.SEND
# Return ``Frame(*parts)``, for half of the work.
make_frame: Final[Callable[[Parts], Frame]] = partial(tuple.__new__, Frame)

_FAR: Final = CACHED_BYTES + 2  # where the blank line of a known block ends, at most


def scan(
    data: bytes, pos: int, blocks: Blocks, bares: Bares | None, limits: FrameLimits, frames: list[Frame]
) -> int:
    """Append whole frames whose header block is known; return where the first other one starts.

    Args:
        data: what one read brought, with what was left of the one before.
        pos: where a frame starts, or an EOL between frames.
        blocks: the known ones, all of SENDs.
        bares: headers of blocks without their ``content-length``, for the compiled twin, which reads
            new blocks into both; None while the version does not take headers as they are.
        limits: of a frame.
        frames: what is appended to.
    """
    size = len(data)
    while True:
        while pos < size and data[pos] in b"\n\r\0":
            pos += 1
        end = data.find(b"\n\n", pos, pos + _FAR)  # or it would be looked for anew, far away, for each frame
        block = blocks.get(data[pos:end]) if end >= 0 else None
        if block is None:
            return pos
        _, headers, length = block
        body = end + 2
        stop = data.find(b"\0", body) if length < 0 else body + length
        if stop < 0 or stop >= size or stop - body > limits.body_bytes or data[stop]:
            return pos
        frames.append(make_frame((_SEND, headers, data[body:stop])))
        pos = stop + 1
