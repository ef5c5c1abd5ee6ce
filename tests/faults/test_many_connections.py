"""Ten thousand connections that say nothing: each costs little, and none is dropped."""

import json
import resource
import subprocess

import pytest

from benchmarks.run import build
from tests.interop.serving import serving
from tests.needs import open_files

MOST_BYTES = 90 * 1024 * 1024
SPARE = 100  # files a broker has open beside


def connections(count: int, *marks: pytest.MarkDecorator) -> object:
    """So many, where that many files may be open; the client has no more of them than the broker."""
    return pytest.param(count, marks=(pytest.mark.needs(open_files(count + SPARE)), *marks))


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("count", [connections(500), connections(10_000, pytest.mark.slow)])
def test_many_connections_are_held_in_little_memory(count: int) -> None:
    program = build()
    assert program is not None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + SPARE), hard))
    try:
        with serving("broker.heart_beat.send_ms=1000") as broker:
            before = broker.resident_bytes()
            words = (program, "--port", str(broker.stomp), "--pid", str(broker.pid), "--storm", str(count))
            beats = ("--heart-beat", "0,1000", "--hold", "5")
            done = subprocess.run(
                [*map(str, words), *beats], capture_output=True, text=True, timeout=120, check=False
            )
            held = json.loads(done.stdout)
            assert (held["still_open"], done.returncode) == (count, 0), held
            assert held["rss_held_kb"] * 1024 < min(MOST_BYTES, before + MOST_BYTES * count / 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
