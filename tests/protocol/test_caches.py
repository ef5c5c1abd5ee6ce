"""Header blocks that were read before are not read again: for as long as they are used, and not for ever."""

import pytest

from hoofbeat.protocol import scanner
from hoofbeat.protocol.blocks import GENERATION, BlockReader
from hoofbeat.protocol.decoder import FrameDecoder
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.scanner import Scan
from hoofbeat.protocol.versions import Version
from tests.fuzz.reading import LIMITS

pytestmark = pytest.mark.needs("gcc", "cython")
KNOWN = b"SEND\ndestination:/queue/known\n\n\0"


@pytest.fixture(params=["plain", "compiled"])
def decoder(request: pytest.FixtureRequest, compiled_scan: Scan) -> FrameDecoder:
    quick = scanner.scan if request.param == "plain" else compiled_scan
    return FrameDecoder(BlockReader(Version.V1_2), LIMITS, quick)


def others(start: int, count: int) -> bytes:
    return b"".join(
        b"SEND\ndestination:/queue/%d\n\n%d\0" % (number, number) for number in range(start, start + count)
    )


def numbers(frames: list[Frame]) -> list[tuple[str, bytes]]:
    return [(frame.headers["destination"].removeprefix("/queue/"), frame.body) for frame in frames]


def headers(frames: list[Frame]) -> Headers:
    assert len(frames) == 1
    assert frames[0].headers["destination"] == "/queue/known"
    return frames[0].headers


@pytest.mark.parametrize(
    "others_a_read", [1, 100, GENERATION - 1, GENERATION, GENERATION + 1, 3 * GENERATION]
)
def test_every_frame_has_the_headers_it_came_with_however_many_there_are(
    decoder: FrameDecoder, others_a_read: int
) -> None:
    for _ in range(2):
        for start in range(0, 3 * GENERATION, others_a_read):
            expected = [(str(number), b"%d" % number) for number in range(start, start + others_a_read)]
            assert numbers(decoder.feed(others(start, others_a_read))) == expected
            assert headers(decoder.feed(KNOWN)).fields == {"destination": "/queue/known"}


def test_a_block_that_is_used_again_and_again_is_read_once(decoder: FrameDecoder) -> None:
    decoder.feed(KNOWN)  # what comes once need not come again
    first = headers(decoder.feed(KNOWN))
    for _ in range(100):
        assert headers(decoder.feed(KNOWN)) is first


def test_blocks_that_differ_in_the_length_of_the_body_alone_share_their_headers(
    decoder: FrameDecoder,
) -> None:
    decoder.feed(KNOWN)
    first = headers(decoder.feed(KNOWN))
    for length in range(3 * GENERATION):
        stream = KNOWN[:-2] + b"content-length:%d\n\n%b\0" % (length % 300, b"x" * (length % 300))
        assert headers(decoder.feed(stream)) is first


def test_a_block_is_remembered_through_a_flood_of_others_as_long_as_it_is_used(decoder: FrameDecoder) -> None:
    first = headers(decoder.feed(KNOWN))
    for start in range(0, 5 * GENERATION, 300):
        decoder.feed(others(start, 300))
        assert headers(decoder.feed(KNOWN)).fields == first.fields


@pytest.mark.parametrize(("last", "cut"), [(b"\n", 1), (KNOWN, 10), (KNOWN, 31), (b"ACK\nid:1\n\n\0", 5)])
def test_new_blocks_are_remembered_after_a_flood_of_others_wherever_its_reads_end(
    decoder: FrameDecoder, last: bytes, cut: int
) -> None:
    decoder.feed(last[:cut])
    for start in range(0, 4 * GENERATION, 500):
        decoder.feed(last[cut:] + others(start, 500) + last[:cut])
    frames = decoder.feed(last[cut:] + 3 * KNOWN.replace(b"known", b"new") + last[:cut])
    _, first, second = [frame.headers for frame in frames if frame.headers.get("destination") == "/queue/new"]
    assert first is second


@pytest.mark.parametrize("others_a_read", [1, 5 * GENERATION])
def test_what_is_remembered_has_a_bound(decoder: FrameDecoder, others_a_read: int) -> None:
    reader = BlockReader(Version.V1_2)
    decoder.adopt(reader, LIMITS)
    for start in range(0, 5 * GENERATION, others_a_read):
        decoder.feed(others(start, others_a_read))
        assert len(reader.young) <= GENERATION
        assert reader.young_bare is not None
        assert len(reader.young_bare) <= GENERATION
