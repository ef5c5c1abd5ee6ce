"""What takes long is said, and what does not is not."""

import threading

import pytest

from hoofbeat.cli.patience import patience


def test_nothing_is_said_of_what_is_soon_done(capsys: pytest.CaptureFixture[str]) -> None:
    with patience("recovering"):
        pass
    assert capsys.readouterr().err == ""


def test_what_takes_longer_is_said_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with patience("recovering what is kept in data", 0.0):
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join()
    assert capsys.readouterr().err == "recovering what is kept in data\n"


def test_on_a_terminal_something_moves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with patience("recovering", 0.0):
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join()
    assert "recovering" in capsys.readouterr().err
