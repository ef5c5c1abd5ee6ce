"""The conventions of `tests/conftest.py`, in runs of their own."""

import resource
import socket
from pathlib import Path

import pytest

from tests.loopback import LeftTheMachineError, is_loopback
from tests.needs import open_files, why_not

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent
PLUGINS = ("-p", "tests.conftest", "-p", "no:randomly", "--override-ini=markers=needs(*names)")


@pytest.fixture
def lacking(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test that needs what no machine has, beside one that needs nothing."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.needs("unobtainium")
        def test_with(): raise AssertionError

        def test_without(): ...
        """
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("CI", raising=False)
    return pytester


def test_what_is_missing_is_skipped_by_name_and_the_run_says_so(lacking: pytest.Pytester) -> None:
    run = lacking.runpytest_subprocess(*PLUGINS)
    assert run.parseoutcomes() == {"passed": 1, "skipped": 1}
    run.stdout.fnmatch_lines(["not run: 1 that need unobtainium, because unobtainium is not installed"])


def test_what_is_missing_fails_in_ci(lacking: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    run = lacking.runpytest_subprocess(*PLUGINS)
    assert run.parseoutcomes().keys() - {"passed"} <= {"failed", "error", "errors"}
    assert run.ret == pytest.ExitCode.TESTS_FAILED


def test_any_other_skip_fails_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile("import pytest\ndef test_it(): pytest.skip('not today')")
    run = pytester.runpytest_subprocess(*PLUGINS)
    run.stdout.fnmatch_lines(["skipped in CI, which fails it: *test_it"])
    assert run.ret == pytest.ExitCode.TESTS_FAILED


def test_more_open_files_than_a_process_may_have_are_a_need_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda which: (100, 1000))
    assert why_not(open_files(1000)) is None
    assert why_not(open_files(1001)) == "this machine allows 1000: raise them with ulimit -n"
    monkeypatch.setattr("resource.getrlimit", lambda which: (100, resource.RLIM_INFINITY))
    assert why_not(open_files(1001)) is None


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("198.51.100.7", 61613)])
def test_a_socket_that_would_leave_the_machine_raises(address: tuple[str, int]) -> None:
    with socket.socket() as leaving, pytest.raises(LeftTheMachineError, match="stay on loopback"):
        leaving.connect(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost"])
def test_loopback_has_many_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "localhost.example", ""])
def test_what_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
