"""ERROR frames leave a trace in the log, and a flood of them does not fill it."""

import logging

import pytest

from hoofbeat.broker.users import Peer
from hoofbeat.server.errors import MOST_LINES, Errors
from tests.server.serving import connected, serving

PEER = Peer("tcp", "192.0.2.1", 4711, False, False)


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hoofbeat.server")


async def test_an_error_that_is_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server, connected(server) as client:
        client.send(b"SEND\ndestination:nowhere\n\n\0")
        assert (await client.rest()).startswith(b"ERROR")
    assert "ERROR \"Unknown destination 'nowhere'" in caplog.text


async def test_an_unreadable_frame_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server, connected(server) as client:
        client.send(b"HELLO\n\n\0")
        assert (await client.rest()).startswith(b"ERROR")
    assert "ERROR \"Bad command 'HELLO'" in caplog.text


def test_a_line_says_who_and_what_and_stays_one_line(caplog: pytest.LogCaptureFixture) -> None:
    Errors(lambda: 1.0)("5e551011", PEER, "no\nsuch thing")
    assert caplog.messages == ["! tcp '192.0.2.1' port 4711 session 5e551011: ERROR 'no\\nsuch thing'"]


def test_errors_that_come_too_fast_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([1.0] * (MOST_LINES + 5) + [2.0, 3.0])
    report = Errors(lambda: next(times))
    for _ in range(MOST_LINES + 7):
        report("5e551011", PEER, "slow reader")
    told = [message for message in caplog.messages if "others" in message]
    assert told == ["! ERROR to others 5 times"]
    assert len(caplog.messages) == MOST_LINES + 3
