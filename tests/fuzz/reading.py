"""Read a stream in one piece, in many, or with the version agreed on late: the outcome must be one."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from hoofbeat.protocol.blocks import BlockReader
from hoofbeat.protocol.commands import NEVER_ESCAPED, Command
from hoofbeat.protocol.decoder import FrameDecoder, scan
from hoofbeat.protocol.encoder import encode_frame
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.limits import UNAUTHENTICATED, FrameLimits
from hoofbeat.protocol.scanner import Scan
from hoofbeat.protocol.versions import Version

# Small enough that a fuzzer gets past them.
SMALL = FrameLimits(command_bytes=12, headers=6, line_bytes=48, block_bytes=128, body_bytes=64)
LIMITS = FrameLimits()


class Reading(NamedTuple):
    """What became of a stream.

    Attributes:
        frames: every whole frame, in order.
        fault: how the stream ended, if badly: the summary, which the peer is told.
    """

    frames: list[Frame]
    fault: str | None


def read(
    pieces: Iterable[bytes],
    version: Version | None,
    *,
    limits: FrameLimits = LIMITS,
    reader: BlockReader | None = None,
    quick: Scan = scan,
    is_late: bool = False,
) -> Reading:
    """Feed the pieces to a new decoder.

    Args:
        pieces: the stream, as the network cut it.
        version: what is spoken; a handshake in the stream settles it again.
        limits: sizes past which a frame is refused.
        reader: a header cache that has seen other streams; None for a new one.
        quick: the scanner, if not the one that is used where the tests run.
        is_late: a handshake is answered only when all pieces are in, as while a password is checked.
    """
    reader = reader or BlockReader(version)
    decoder = FrameDecoder(reader, limits, quick)
    frames: list[Frame] = []
    for piece in pieces:
        frames += decoder.feed(piece)
        if not is_late:
            frames += _go_on(decoder, reader, limits)
    frames += _go_on(decoder, reader, limits)
    return Reading(frames, decoder.fault.summary if decoder.fault else None)


def _go_on(decoder: FrameDecoder, reader: BlockReader, limits: FrameLimits) -> list[Frame]:
    frames: list[Frame] = []
    while decoder.waiting:
        decoder.adopt(reader, limits)
        frames += decoder.feed(b"")
    return frames


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut ``data`` at the places, which may come in any order and lie anywhere."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


_HEAD = 4  # octets of an input that are not the stream
_SPOKEN = (Version.V1_2, Version.V1_1, Version.V1_0, None)


def check_input(data: bytes) -> None:
    """Check one input of the fuzzer: version, three places to cut at, stream."""
    head, stream = data[:_HEAD], data[_HEAD:]
    if stream:
        check(stream, list(head[1:]), _SPOKEN[head[0] % len(_SPOKEN)])


def check(data: bytes, places: Sequence[int], version: Version | None) -> None:
    """Assert what holds for every stream, well-formed or not: the fuzzer's one question."""
    for limits in (SMALL, UNAUTHENTICATED):
        whole = read([data], version, limits=limits)
        pieces = cut(data, places)
        assert read(pieces, version, limits=limits) == whole
        assert read(pieces, version, limits=limits, is_late=True) == whole
        octets = [data[place : place + 1] for place in range(len(data))]
        assert read(octets, version, limits=limits) == whole
        for frame in whole.frames:
            assert_survives(frame, version)


def assert_survives(frame: Frame, version: Version | None) -> None:
    """Assert that a frame which was read can be written, and is then read as it was."""
    spoken = Version.V1_0 if version is None or frame.command in NEVER_ESCAPED else version
    if frame.command is Command.STOMP and spoken is not Version.V1_0:
        return  # it is written escaped and read before a version says so
    again = read([encode_frame(frame, spoken)], version)
    assert again == Reading([frame], None)
