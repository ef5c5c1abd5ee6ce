"""What stands at the start of a body: the stamp of a message.

It is four numbers: the load test, which is never 0 (others may have left messages in the queue); the
publisher; the message, among those of its publisher; and when it should have been sent, in
nanoseconds of ``perf_counter_ns``.
"""

import struct
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from contextlib import suppress

from hoofbeat.cli.bench.plan import LEAST_SIZE

# 24 octets, so 32 characters of base64 and no padding. Text, because not every broker takes
# binary messages of a WebSocket, and because it holds no NUL.
_LAYOUT = struct.Struct("<IIQQ")
_FILLING = b"."

Stamp = tuple[int, int, int, int]


def read(texts: Sequence[bytes]) -> list[Stamp]:
    """Read the stamps that are ``texts``; of what a stranger wrote, one of no run."""
    with suppress(Error, struct.error):
        stamps = list(_LAYOUT.iter_unpack(a2b_base64(b"".join(texts))))
        if len(stamps) == len(texts):
            return stamps
    return [_read(text) for text in texts]


def _read(text: bytes) -> Stamp:
    try:
        run, publisher, number, due = _LAYOUT.unpack(a2b_base64(text))
    except (Error, struct.error):
        return 0, 0, 0, 0
    return run, publisher, number, due


def write(head: bytes, stamps: Iterable[Stamp], tail: bytes) -> list[bytes]:
    """Return a frame for each stamp; ``tail`` is the filling and the NUL."""
    pack = _LAYOUT.pack
    return [head + b2a_base64(pack(*stamp), newline=False) + tail for stamp in stamps]


def filling(size: int) -> bytes:
    """Return what follows the stamp in a body of ``size`` octets."""
    return _FILLING * (size - LEAST_SIZE)
