"""The scanner has two twins, plain and compiled: whatever comes, the frames are the same."""

import gc
import os
from collections import Counter
from time import process_time
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hoofbeat.protocol.decoder
from hoofbeat.protocol import scanner
from hoofbeat.protocol.blocks import BlockReader
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.scanner import Scan
from hoofbeat.protocol.versions import Version
from tests.fuzz.reading import LIMITS, cut, read
from tests.protocol.test_ack_runs import STREAM as ACKS

compiling = pytest.mark.needs("gcc", "cython")
many = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def test_the_core_is_compiled_where_that_is_asked_for_and_nowhere_else() -> None:
    is_compiled = not hoofbeat.protocol.decoder.__file__.endswith(".py")
    assert is_compiled == (os.environ.get("CORE") == "compiled")


def _seconds(data: bytes, quick: Scan) -> float:
    """Take the processor's time for one read, without that for the garbage of other tests."""
    gc.disable()
    try:
        start = process_time()
        assert read([data], Version.V1_2, quick=quick).fault is None
        return process_time() - start
    finally:
        gc.enable()


@compiling
@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
def test_reading_takes_time_in_proportion_to_what_is_read(
    compiled_scan: Scan, is_compiled: bool, eol: bytes
) -> None:
    """However far away the next frame is that the scanner knows, nobody looks for it again and again."""
    quick = compiled_scan if is_compiled else scanner.scan
    odd, known = eol.join([b"NACK", b"id:1", b"", b"\0"]), b"SEND\ndestination:/queue/a\n\n\0"
    little = min(_seconds(1000 * odd + known, quick) for _ in range(5))
    much = _seconds(16_000 * odd + known, quick)
    assert much < 64 * little


# Frames as clients write them, and what may be wrong with one of them.

_PLAIN = [b"SEND", b"destination:/queue/a", b"a:b"]
_GOOD = [b"destination:/queue/a", b"a:b", b"b:v:w", b"c:", b"\xc3\xa9: \xe2\x82\xac ", b"content-lengthy:1"]
_LENGTHS = [
    b"0", b"3", b"65", b"003", b"000000003", b"0000000003", b"999999999", b"1000000000", b"", b" 3", b"3 ",
    b"3\r", b"+3", b"-1", b"1_0", b"0x3", b"\xd9\xa3", b"\xc2\xb3", b"\xef\xbc\x93", b"3\xff", b"x",
]  # fmt: skip
_LINES = [
    b"", b":", b":b", b"colonless", b"a:c", b"destination:/queue/b", b"a\\cb:c", b"d:v\\n", b"d:\\t",
    b"d:v\\", b" d:v", b"d : v", b"d:\xff", b"d:\xed\xa0\x80", b"\xc3:d", b"d:v\rw", b"d\r:v", b"d:v\r",
    b"d:v\0w", b"d\0:v", b"\r", b"\rd:v", b"d:" + 1100 * b"v", b"receipt:1", b"transaction:1",
    b"reply-to:/temp-queue/a", b"destination:/temp-queue/a", b"destination:/user/a", b"content-length :3",
    b"Content-length:3", b"content-length:3", b"content-length:4",
    *[b"content-length:" + length for length in _LENGTHS],
]  # fmt: skip
_COMMANDS = [
    b"ACK",
    b"NACK",
    b"MESSAGE",
    b"CONNECT",
    b"SENT",
    b"SEND\r",
    b"SENDX",
    b"SEND ",
    b"send",
    b"",
    b"\xff",
]
_BODIES = [b"", b"abc", b"a\0b", b"\0", b"\n\n", b"SEND\n\n\0", b"\xff\r\n", b"y" * 64, b"y" * 65]
_GAPS = [b"\n", b"\r\n", b"\n\n", b"\r", b"\0", b" ", b"\n\r\n\0"]
_ENDS = [b"", b"\1", b"\n", b"abc\0"]

_OF_ONE = {"receipt", "transaction", "reply-to"}

often = st.sampled_from([True, True, True, False])


class _Sent(NamedTuple):
    """A frame in its parts."""

    lines: list[bytes]
    body: bytes
    end: bytes = b"\0"
    eol: bytes = b"\n"

    @property
    def block(self) -> bytes:
        return self.eol.join(self.lines)

    @property
    def written(self) -> bytes:
        return self.block + 2 * self.eol + self.body + self.end


@st.composite
def _good(draw: st.DrawFn) -> _Sent:
    lines = [b"SEND", *draw(st.lists(st.sampled_from(_GOOD), unique=True, max_size=4))]
    body = draw(st.sampled_from(_BODIES))
    if draw(often) or b"\0" in body:
        lines.insert(draw(st.integers(1, len(lines))), b"content-length:%d" % len(body))
    return _Sent(lines, body)


@st.composite
def _odd(draw: st.DrawFn, sent: _Sent) -> _Sent:
    """Change one thing."""
    match draw(st.sampled_from(["line", "line", "line", "line", "command", "end", "eol"])):
        case "line":
            at = draw(st.integers(1, len(sent.lines)))
            gone = draw(st.integers(0, 1))
            return sent._replace(
                lines=[*sent.lines[:at], draw(st.sampled_from(_LINES)), *sent.lines[at + gone :]]
            )
        case "command":
            return sent._replace(lines=[draw(st.sampled_from(_COMMANDS)), *sent.lines[1:]])
        case "end":
            return sent._replace(end=draw(st.sampled_from(_ENDS)))
        case _:
            return sent._replace(eol=b"\r\n")


@st.composite
def _limits(draw: st.DrawFn, sent: _Sent) -> FrameLimits:
    """Limit one thing to about what a frame has."""
    what, size = draw(
        st.sampled_from(
            [
                ("command_bytes", len(sent.lines[0])),
                ("headers", len(sent.lines) - 1),
                ("line_bytes", max(map(len, sent.lines))),
                ("block_bytes", len(sent.block)),
                ("body_bytes", len(sent.body)),
            ]
        )
    )
    return LIMITS._replace(**{what: max(0, size + draw(st.integers(-2, 1)))})


@st.composite
def _cases(draw: st.DrawFn) -> tuple[bytes, FrameLimits]:
    """Make a few frames, mostly good ones, some of them twice, and what they are limited to."""
    first, *others = draw(st.lists(_good(), min_size=1, max_size=3))
    limits = LIMITS if draw(often) else draw(_limits(first))
    if draw(often):
        first = draw(_odd(first))
    sent = draw(st.permutations([first, *others] + [first] * draw(st.integers(0, 2))))
    gaps = st.just(b"") if draw(often) else st.sampled_from(_GAPS)
    return b"".join(each.written + draw(gaps) for each in sent), limits


def _all_of(frames: list[Frame]) -> list[tuple[Any, ...]]:
    """Take frames apart down to what :class:`Headers` would not compare."""
    return [
        (
            type(each),
            each.command,
            list(each.headers.fields.items()),
            each.headers.raw,
            each.headers.pairs,
            each.body,
        )
        for each in frames
    ]


def _leave_all(data: bytes, pos: int, *_: object) -> int:
    """Be a scanner that knows nothing but what stands between frames."""
    while data[pos : pos + 1] in (b"\n", b"\r", b"\0"):
        pos += 1
    return pos


def _are_own(frames: list[Frame]) -> bool:
    """Say whether no two frames share headers in which something belongs to one frame or one session."""
    times = Counter(id(each.headers) for each in frames)
    return all(
        _OF_ONE.isdisjoint(headers.fields)
        and not headers.fields["destination"].startswith(("/temp-", "/user/"))
        for _, headers, _ in frames
        if times[id(headers)] > 1
    )


def _outcome(
    pieces: list[bytes], version: Version | None, limits: FrameLimits, quick: Scan
) -> tuple[Any, ...]:
    """Read a stream twice with one header cache, the second time in one piece.

    In between somebody has looked at the headers, and found that their names mean nothing to the broker.
    """
    reader = BlockReader(version)
    first = read(pieces, version, limits=limits, reader=reader, quick=quick)
    for each in first.frames:
        each.headers.is_model = True
    again = read([b"".join(pieces)], version, limits=limits, reader=reader, quick=quick)
    assert _are_own(first.frames + again.frames)
    return _all_of(first.frames), first.fault, _all_of(again.frames), again.fault


def _assert_same(
    compiled: Scan, pieces: list[bytes], version: Version | None, limits: FrameLimits = LIMITS
) -> None:
    alone = _outcome(pieces, version, limits, _leave_all)
    assert _outcome(pieces, version, limits, scanner.scan) == alone
    assert _outcome(pieces, version, limits, compiled) == alone


@compiling
@pytest.mark.parametrize("version", [None, *Version])
@pytest.mark.parametrize("lines", [_PLAIN, [*_PLAIN, b"content-length:3"]])
def test_every_odd_line_in_every_place_is_the_same_to_the_twins(
    compiled_scan: Scan, version: Version | None, lines: list[bytes]
) -> None:
    good = _Sent(lines, b"abc")
    for line in _LINES:
        for at in range(1, len(lines) + 1):
            odd = good._replace(lines=[*lines[:at], line, *lines[at:]])
            _assert_same(compiled_scan, [good.written + odd.written + good.written], version)


@compiling
@pytest.mark.parametrize("version", [None, *Version])
@pytest.mark.parametrize("what", FrameLimits._fields)
def test_every_limit_is_the_same_to_the_twins(
    compiled_scan: Scan, version: Version | None, what: str
) -> None:
    sent = _Sent([*_PLAIN, b"content-length:3"], b"abc")
    for most in range(len(sent.block) + 2):
        _assert_same(compiled_scan, [sent.written * 2], version, LIMITS._replace(**{what: most}))


@compiling
@given(
    case=_cases(),
    places=st.lists(st.integers(0, 400), max_size=4),
    version=st.sampled_from([None, *Version, Version.V1_2, Version.V1_2]),
)
@many
def test_whatever_comes_is_the_same_to_the_twins_wherever_it_is_cut(
    compiled_scan: Scan, case: tuple[bytes, FrameLimits], places: list[int], version: Version | None
) -> None:
    stream, limits = case
    _assert_same(compiled_scan, cut(stream, places), version, limits)


def _read_led(scan: Scan, model: bytes, *others: bytes) -> list[Frame]:
    """Read frames after one whose headers somebody has looked at."""
    reader = BlockReader(Version.V1_2)
    (first,) = read([model], Version.V1_2, reader=reader, quick=scan).frames
    first.headers.is_model = True
    frames = read([b"".join(others)], Version.V1_2, reader=reader, quick=scan).frames
    assert len(frames) == len(others)
    return frames


@compiling
@pytest.mark.parametrize("version", [None, *Version])
def test_acks_are_the_same_to_the_twins(compiled_scan: Scan, version: Version | None) -> None:
    for place in range(len(ACKS)):
        _assert_same(compiled_scan, [ACKS[:place], ACKS[place:]], version, LIMITS)
    for what in FrameLimits._fields:
        for size in (*range(1, 16), *range(126, 132)):
            _assert_same(compiled_scan, [ACKS], version, LIMITS._replace(**{what: size}))


@compiling
def test_a_block_that_comes_again_among_others_of_its_names_has_them_all_looked_at_no_closer(
    compiled_scan: Scan,
) -> None:
    known = b"SEND\ndestination:/queue/a\nnow:%d\n\n\0"
    numbers = [0, 1, 1, 2, 3, 1, 4, 4, 5]
    frames = _read_led(compiled_scan, known % 99, *[known % number for number in numbers])
    assert [frame.headers["now"] for frame in frames] == [str(number) for number in numbers]
    assert all(frame.headers.model is not None for frame in frames)


@compiling
def test_headers_that_differ_in_values_alone_are_known_by_those_before_them(compiled_scan: Scan) -> None:
    known = b"SEND\ndestination:/queue/a\ncontent-length:1\nat:%d\n\nx\0"
    frames = _read_led(compiled_scan, known % 0, *[known % number for number in range(1, 9)])
    models = {frame.headers.model for frame in frames}
    assert len(models) == 1
    assert None not in models
    assert [frame.headers["at"] for frame in frames] == [str(number) for number in range(1, 9)]


@compiling
@pytest.mark.parametrize(
    "lines",
    [
        b"destination:/queue/a\nat:1\nat:2",
        b"destination:/queue/a\nat:1\nmore:2",
        b"destination:/queue/a\natt:1",
        b"destination:/queue/a\na:1",
        b"destination:/queue/a",
        b"at:1\ndestination:/queue/a",
        b"destination:/queue/a\nat:\xc3\xa9\\n",
        b"destination:/queue/a\nat:1\r",
    ],
)
def test_headers_of_other_names_are_looked_at(compiled_scan: Scan, lines: bytes) -> None:
    model = b"SEND\ndestination:/queue/a\nat:0\n\n\0"
    (frame,) = _read_led(compiled_scan, model, b"SEND\n" + lines + b"\n\n\0")
    assert frame.headers.model is None


@compiling
def test_what_differs_in_every_frame_is_not_kept_and_what_comes_again_is(compiled_scan: Scan) -> None:
    known = b"SEND\ndestination:/queue/often\nat:%d\n\n\0"
    frames = _read_led(compiled_scan, known % 0, known % 1, known % 1, known % 1)
    first, second, third = [frame.headers for frame in frames]
    assert first is not second
    assert second is third


@compiling
def test_a_model_that_nobody_has_looked_at_leads_nobody(compiled_scan: Scan) -> None:
    model = b"SEND\ndestination:/queue/a\n\n\0"
    other = b"SEND\ndestination:/queue/a\npriority:%d\n\n\0"
    frames = _read_led(compiled_scan, model, *[other % number for number in range(8)])
    assert {frame.headers.model for frame in frames} == {None}


@compiling
def test_headers_of_one_session_are_never_kept_for_all(compiled_scan: Scan) -> None:
    own = b"SEND\ndestination:/temp-queue/a\n\n\0"
    frames = _read_led(compiled_scan, b"SEND\ndestination:/queue/a\n\n\0", own, own, own)
    assert len({id(frame.headers) for frame in frames}) == 3
