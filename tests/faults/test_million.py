"""A queue of a million messages: on disk but for its window, in order, and soon there after a restart."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.wire import frame
from tests.faults.ledger import Stream
from tests.interop.serving import Serving, serving

COUNT = 1_000_000
BODY = 128
EACH = 5_000  # sent at a time
MOST_BYTES = 300 * 1024 * 1024
MOST_SECONDS = 2.0


def _fill(broker: Serving) -> None:
    head = f"SEND\ndestination:/queue/a\npersistent:true\ncontent-length:{BODY}\n".encode()
    with Stream(broker.stomp) as stream:
        for start in range(0, COUNT, EACH):
            stream.send(*[b"%b\n%0128d\0" % (head, number) for number in range(start, start + EACH)])
            assert broker.resident_bytes() < MOST_BYTES
        stream.send(frame("SEND", "destination:/queue/b", "persistent:true", "receipt:all"))
        assert stream.frames()[0].header("receipt-id") == "all"


def _numbers(stream: Stream) -> Iterator[int]:
    stream.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:auto"))
    while True:
        for heard in stream.frames():
            yield int(heard.body)


@pytest.mark.slow
def test_a_million_messages_wait_on_disk_and_come_in_order(tmp_path: Path) -> None:
    settings = (f"data={tmp_path}", f"broker.queue.messages={2 * COUNT}")
    with serving(*settings) as broker:
        _fill(broker)
        os.kill(broker.pid, signal.SIGKILL)
    before = time.monotonic()
    with serving(*settings) as broker, Stream(broker.stomp) as stream:
        numbers = _numbers(stream)
        assert next(numbers) == 0
        took = time.monotonic() - before
        for expected in range(1, COUNT):
            assert next(numbers) == expected
            if expected % 100_000 == 0:
                assert broker.resident_bytes() < MOST_BYTES
        print(
            f"first delivery {took:.1f} s after the start of the process; {broker.resident_bytes():,} bytes"
        )
        assert took < MOST_SECONDS
