"""A disk that takes its time: receipts wait for it, and nobody else does."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import quantiles

import pytest

from tests.conformance.wire import frame
from tests.faults.ledger import Stream, in_background
from tests.interop.serving import Serving, serving

DELAY_SECONDS = 0.2
STRACE = ("strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "-e", "trace=fdatasync")
MOST_LAG_SECONDS = 0.020
BEAT_SECONDS = 0.5
LISTENERS = 10  # to heart-beats, each at times of its own


def _keep(broker: Serving, is_over: threading.Event) -> list[float]:
    """Send what is kept, a hundred at a time; return how long each receipt took."""
    took: list[float] = []
    with Stream(broker.stomp) as stream:
        while not is_over.is_set():
            sent_at = time.monotonic()
            to = ("destination:/queue/kept", "persistent:true")
            stream.send(*[frame("SEND", *to, f"receipt:{number}", body=b"x" * 128) for number in range(100)])
            waiting = 100
            while waiting:
                waiting -= len(stream.frames())
                took.append(time.monotonic() - sent_at)
    return took


def _ask(broker: Serving, times: int) -> list[float]:
    """Send what is not kept, every ten milliseconds; return how long each receipt took."""
    took: list[float] = []
    pace = threading.Event()
    with Stream(broker.stomp) as stream:
        for number in range(times):
            pace.wait(0.01)
            sent_at = time.monotonic()
            stream.send(frame("SEND", "destination:/topic/passing", f"receipt:{number}"))
            assert stream.frames()[0].header("receipt-id") == str(number)
            took.append(time.monotonic() - sent_at)
    return took


def _beats(broker: Serving, is_over: threading.Event) -> list[float]:
    """Say nothing, and return how long it was between one heart-beat and the next."""
    gaps: list[float] = []
    with closing(socket.create_connection(("127.0.0.1", broker.stomp), 20.0)) as connection:
        beat_ms = round(BEAT_SECONDS * 1000)
        connection.sendall(frame("CONNECT", "accept-version:1.2", "host:a", f"heart-beat:0,{beat_ms}"))
        assert connection.recv(4096).startswith(b"CONNECTED")
        heard_at = time.monotonic()
        while not is_over.is_set():
            assert connection.recv(4096)
            gaps.append(time.monotonic() - heard_at)
            heard_at = time.monotonic()
    return gaps


def _listener(broker: Serving, is_over: threading.Event, at: int) -> Callable[[], list[float]]:
    def listen() -> list[float]:
        is_over.wait(BEAT_SECONDS * at / LISTENERS)
        return _beats(broker, is_over)

    return listen


def _into(results: list[float], job: Callable[[], list[float]]) -> Callable[[], None]:
    return lambda: results.extend(job())


@pytest.mark.needs("strace")
@pytest.mark.parametrize(("times", "percent"), [(200, 90), pytest.param(3000, 99, marks=pytest.mark.slow)])
def test_a_slow_disk_keeps_nobody_waiting_who_does_not_need_it(
    tmp_path: Path, times: int, percent: int
) -> None:
    """So many in a hundred turns are short, and heart-beats in time; some may meet a busy machine."""
    slow = (*STRACE, "-e", f"inject=fdatasync:delay_exit={round(DELAY_SECONDS * 1e6)}")
    is_over = threading.Event()
    receipts: list[float] = []
    gaps: list[float] = []
    beats = ("broker.heart_beat.send_ms=500", "broker.heart_beat.least_ms=500")
    with serving(f"data={tmp_path}", *beats, under=slow) as broker:
        keeper = in_background(_into(receipts, lambda: _keep(broker, is_over)))
        listeners = in_background(*[_into(gaps, _listener(broker, is_over, at)) for at in range(LISTENERS)])
        lags = _ask(broker, times)
        is_over.set()
        for thread in (*keeper, *listeners):
            thread.join(20.0)
            assert not thread.is_alive()
    assert quantiles(lags, n=100)[percent - 1] < MOST_LAG_SECONDS, max(lags)
    assert min(receipts) >= DELAY_SECONDS, "a receipt came before the disk had it"
    assert len(receipts) >= 5
    assert len(gaps) >= 3 * LISTENERS
    assert quantiles(gaps, n=100)[percent - 1] < BEAT_SECONDS, max(gaps)
    assert min(gaps) > 0.9 * BEAT_SECONDS - MOST_LAG_SECONDS
    assert max(gaps) < 2 * BEAT_SECONDS, "so much a peer has to bear with"
