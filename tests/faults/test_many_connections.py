"""Ten thousand connections that say nothing: each costs little, and none is dropped."""

import json
import resource
import subprocess

import pytest

from benchmarks.run import build
from tests.interop.serving import serving

MOST_BYTES = 90 * 1024 * 1024
SPARE = 100  # files a broker has open beside


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_many_connections_are_held_in_little_memory(count: int) -> None:
    program = build()
    assert program is not None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= count + SPARE, "this machine allows too few open files: raise them with ulimit -n"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + SPARE), hard))
    try:
        with serving("broker.heart_beat.send_ms=1000") as broker:
            before = broker.resident_bytes()
            words = (program, "--port", str(broker.stomp), "--pid", str(broker.pid), "--storm", str(count))
            beats = ("--heart-beat", "0,1000", "--hold", "5")
            done = subprocess.run(
                [*map(str, words), *beats], capture_output=True, text=True, timeout=120, check=True
            )
            held = json.loads(done.stdout)
            assert held["still_open"] == count
            assert held["rss_held_kb"] * 1024 < min(MOST_BYTES, before + MOST_BYTES * count / 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
