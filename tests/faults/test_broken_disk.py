"""A disk that fails under a broker at work: it ends, and says why; what it promised is there."""

import re
from pathlib import Path

import pytest

from tests.faults.ledger import SETTINGS, Ledger, in_background
from tests.interop.serving import serving

# Before it fails it hesitates, so that what was promised before has been heard.
INJECT = "inject=fdatasync:error=EIO:delay_enter=300000:when={}"
FAILED = re.compile(r"(\d+\.\d+) .*fdatasync.*EIO")
HESITATION_SECONDS = 0.3


@pytest.mark.needs("strace")
@pytest.mark.parametrize("at", [6, 20, 80])
def test_after_a_failed_sync_a_broker_promises_nothing_more_and_ends(tmp_path: Path, at: int) -> None:
    folder, calls = tmp_path / "data", tmp_path / "calls"
    ledger = Ledger()
    with serving(f"data={folder}", *SETTINGS) as broker:
        ledger.prepare(broker.stomp)
    strace = ("strace", "-D", "-f", "-ttt", "-qq", "--seccomp-bpf", "-o", str(calls))
    under = (*strace, "-e", "trace=fdatasync", "-e", INJECT.format(at))
    with (
        (tmp_path / "errors").open("w+b") as errors,
        serving(f"data={folder}", *SETTINGS, under=under, errors=errors) as broker,
    ):
        threads = in_background(lambda: ledger.produce(broker.stomp), lambda: ledger.consume(broker.stomp))
        assert broker.exit_code() == 1
        for thread in threads:
            thread.join(20.0)
            assert not thread.is_alive()
        errors.seek(0)
        said = errors.read().decode()
    (failed_at,) = map(float, FAILED.findall(calls.read_text()))
    assert 0 < ledger.promised_at < failed_at + HESITATION_SECONDS
    _, reason = said.splitlines()  # the first is about users
    assert f"! {folder} can't be written: disk I/O error; all that had its receipt is there" in reason
    with serving(f"data={folder}", *SETTINGS) as broker:
        ledger.drain(broker.stomp)
    assert (ledger.lost, ledger.unexpected, ledger.not_flagged) == (set(), [], [])
