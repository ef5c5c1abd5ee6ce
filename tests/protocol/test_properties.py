"""Any frame, any cut, any version: what is written is what is read, whatever the network does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hoofbeat.protocol.blocks import BlockReader
from hoofbeat.protocol.commands import NEVER_ESCAPED, WITH_BODY, Command
from hoofbeat.protocol.decoder import FrameDecoder
from hoofbeat.protocol.encoder import encode, encode_frame, encode_receipt
from hoofbeat.protocol.frames import Frame, frame
from hoofbeat.protocol.versions import Version
from tests.fuzz.reading import LIMITS, Reading, check, cut, read

_BUSY = [HealthCheck.too_slow]  # a busy machine is not a fault of ours
few = settings(max_examples=60, deadline=None, suppress_health_check=_BUSY)

bodies = st.binary(max_size=200) | st.sampled_from([b"", b"\0", b"\0\0MESSAGE\n\n\0", b"\n", b"\xff\xfe"])
places = st.lists(st.integers(0, 4000), max_size=12)

# What each version can express. A CR at the end of a line is part of the EOL, in every version.
_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_PLAIN = st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r")
_TEXTS = {
    Version.V1_0: st.text(_PLAIN, max_size=12).map(str.strip),
    Version.V1_1: st.text(_LETTERS, max_size=12).map(lambda text: text.rstrip("\r")),
    Version.V1_2: st.text(_LETTERS, max_size=12),
}


def names(version: Version) -> st.SearchStrategy[str]:
    """Make header names that the version can express."""
    texts = _TEXTS[version]
    if version is Version.V1_0:
        texts = texts.map(lambda text: text.replace(":", "").strip())
    return texts.filter(lambda name: name not in ("", "content-length"))


def headers(version: Version) -> st.SearchStrategy[dict[str, str]]:
    """Make headers that the version can express."""
    return st.dictionaries(names(version), _TEXTS[version], max_size=6)


@st.composite
def frames(draw: st.DrawFn, version: Version) -> Frame:
    """Make any frame that may be sent once a version is agreed on."""
    command = draw(st.sampled_from([known for known in Command if known is not Command.STOMP]))
    spoken = Version.V1_0 if command in NEVER_ESCAPED else version
    body = draw(bodies) if command in WITH_BODY else b""
    return frame(command, draw(headers(spoken)), body)


@pytest.mark.parametrize("version", Version)
@given(data=st.data(), places=places)
@few
def test_frames_are_read_as_they_were_written_wherever_they_are_cut(
    version: Version, data: st.DataObject, places: list[int]
) -> None:
    written = data.draw(st.lists(frames(version), max_size=5))
    stream = b"".join(encode_frame(each, version) for each in written)
    assert read(cut(stream, places), version) == Reading(written, None)


@pytest.mark.parametrize("version", Version)
@given(data=st.data(), eols=st.lists(st.sampled_from([b"\n", b"\r\n", b""]), min_size=1, max_size=4))
@few
def test_heart_beats_between_frames_change_nothing(
    version: Version, data: st.DataObject, eols: list[bytes]
) -> None:
    written = data.draw(st.lists(frames(version), max_size=3))
    gap = b"".join(eols)
    stream = gap + gap.join(encode_frame(each, version) for each in written) + gap
    assert read([stream], version) == Reading(written, None)


# Pieces of frames, good and bad, out of which streams are made that a fuzzer would take long to find.
_PIECES = [
    b"SEND\n", b"SEND\r\n", b"MESSAGE\n", b"CONNECT\n", b"STOMP\n", b"ACK\n", b"SENT\n", b"X" * 13, b"X" * 33,
    b"a:b\n", b"a:b\r\n", b"a: b \n", b" a:b\n", b"a:b:c\n", b"a:\n", b":b\n", b"a\n", b"a:\r\n", b"a:\rb\n",
    b"a:\\n\n", b"a:\\r\n", b"a:\\c\\\\\n", b"a:\\t\n", b"a:\\\n", b"a:\xc3\xa9\n", b"a:\xc3\n", b"a" * 49,
    b"destination:/queue/a\n", b"destination:/queue/a\r\n", b"receipt:1\n",
    b"content-length:0\n", b"content-length:3\n", b"content-length:3\r\n", b"content-length: 3\n",
    b"content-length:64\n", b"content-length:65\n", b"content-length:-1\n", b"content-length:1000000000\n",
    b"content-length:\n", b"content-length:\xd9\xa3\n",
    b"\n", b"\r\n", b"\r", b"\0", b"abc", b"abc\0", b"\0\0\0\0", b"y" * 65,
]  # fmt: skip


@pytest.mark.parametrize("version", [None, *Version])
@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=24), places=places)
@settings(max_examples=150, deadline=None, suppress_health_check=_BUSY)
def test_any_stream_gives_the_same_frames_and_the_same_fault_wherever_it_is_cut(
    version: Version | None, pieces: list[bytes], places: list[int]
) -> None:
    check(b"".join(pieces), places, version)


@pytest.mark.parametrize("version", Version)
@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=24))
@few
def test_what_other_streams_left_in_the_header_cache_changes_nothing(
    version: Version, pieces: list[bytes]
) -> None:
    stream = b"".join(pieces)
    seen = BlockReader(version)
    read([stream], version, reader=seen)
    for length in range(3):
        read([b"SEND\na:b\ncontent-length:%d\n\n" % length], version, reader=seen)
    assert read([stream], version, reader=seen) == read([stream], version)


_SEND = b"SEND\ndestination:/queue/a\nx:\\n\n\nbody\0"


@pytest.mark.parametrize("version", Version)
def test_a_body_keeps_its_length_after_any_number_of_other_blocks(version: Version) -> None:
    """Blocks come and go in the cache; a CRLF client's ``content-length`` must not go with them."""
    reader = BlockReader(version)
    stream = b"SEND\r\ndestination:/queue/a\r\ncontent-length:3\r\n\r\na\0b\0"
    whole = read([stream], version, reader=reader)
    for length in range(3000):
        read([b"SEND\ndestination:/queue/b\ncontent-length:%d\n\n" % length], version, reader=reader)
    assert read([stream], version, reader=reader) == whole


@pytest.mark.parametrize("place", range(len(_SEND) + 1))
def test_nothing_is_read_while_the_version_is_not_agreed_on(place: int) -> None:
    decoder = FrameDecoder(BlockReader(None), LIMITS)
    assert len(decoder.feed(b"CONNECT\naccept-version:1.2\n\n\0")) == 1
    assert decoder.feed(_SEND[:place]) + decoder.feed(_SEND[place:]) == []
    decoder.adopt(BlockReader(Version.V1_2), LIMITS)
    assert decoder.feed(b"") == read([_SEND], Version.V1_2).frames


@pytest.mark.parametrize("version", Version)
@given(receipt=st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
@few
def test_a_receipt_is_written_as_any_frame_is(version: Version, receipt: str) -> None:
    expected = encode(Command.RECEIPT, {"receipt-id": receipt}, version=version)
    assert encode_receipt(receipt, version) == expected
