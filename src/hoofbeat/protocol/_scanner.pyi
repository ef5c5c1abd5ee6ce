from collections.abc import Callable

from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.scanner import Bares, Blocks, Parts

def scan(
    data: bytes, pos: int, blocks: Blocks, bares: Bares | None, limits: FrameLimits, frames: list[Frame]
) -> int: ...

make_frame: Callable[[Parts], Frame]
