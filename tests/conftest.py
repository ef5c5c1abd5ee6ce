"""What holds for every test: it stays on this machine, and what it lacks is said by name.

``@pytest.mark.needs("chromium", "node", …)`` leaves a test out where one of them is missing, and the run
ends by saying so. Under ``CI=true`` nothing is left out: a missing need fails, and so does any other skip.
"""

import pytest

from tests import loopback
from tests.needs import is_ci, why_not

LEFT_OUT = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    """Guard the network before the first import of what is tested."""
    config.stash[LEFT_OUT] = {}
    loopback.guard()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look at a test's needs before its fixtures do."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            reason = why_not(name)
            if reason is not None:
                leave_out(item, name, reason)


def leave_out(item: pytest.Item, name: str, reason: str) -> None:
    """Skip and remember; in CI, fail."""
    if is_ci():
        pytest.fail(f"needs {name}, and {reason}", pytrace=False)
    left_out = item.config.stash[LEFT_OUT]
    left_out[f"{name}, because {reason}"] = left_out.get(f"{name}, because {reason}", 0) + 1
    pytest.skip(f"needs {name}: {reason}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skip that nobody sees in CI is a test that nobody runs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if is_ci() and reporter is not None and reporter.stats.get("skipped") and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with what was not run."""
    for need, tests in sorted(terminalreporter.config.stash[LEFT_OUT].items()):
        terminalreporter.write_line(f"not run: {tests} that need {need}", yellow=True)
    if is_ci():
        for report in terminalreporter.stats.get("skipped", []):
            terminalreporter.write_line(f"skipped in CI, which fails it: {report.nodeid}", red=True)
