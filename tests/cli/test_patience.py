"""What takes long is told, with how far it is, and what does not is not."""

from queue import SimpleQueue
from threading import Event

import pytest

from hoofbeat.cli import bar
from hoofbeat.cli.patience import patience

Capture = pytest.CaptureFixture[str]


def test_nothing_is_told_of_what_is_soon_done(capsys: Capture) -> None:
    said: list[str] = []
    with patience("recovering", said.append, 60.0) as watch:
        watch.report(1, 2)
    assert (said, capsys.readouterr().err) == ([], "")


def test_what_takes_longer_is_told_in_lines_with_how_far_it_is() -> None:
    said: SimpleQueue[str] = SimpleQueue()
    with patience("recovering what is kept in data", said.put, 0.001) as watch:
        assert said.get() == "recovering what is kept in data"
        watch.report(426, 1000)
        while (line := said.get()) == "recovering what is kept in data":
            pass
        assert line == "recovering what is kept in data: 42 %"


def test_lines_are_as_far_apart_as_is_asked_for() -> None:
    said: list[str] = []
    first = Event()

    def say(text: str) -> None:
        said.append(text)
        first.set()

    with patience("recovering", say, 0.5) as watch:
        assert first.wait(20.0)
        for done in range(1000):
            watch.report(done, 1000)
    assert len(said) == 1


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def test_on_a_terminal_a_bar_moves_and_is_taken_away(capsys: Capture, terminal: None) -> None:
    seen: list[tuple[int, int]] = [(0, 0), (42, 100), (100, 100)]
    assert bar.draw("recovering [data]", lambda: seen.pop(0), lambda: not seen)
    err = capsys.readouterr().err
    assert "recovering [data]" in err
    assert "100%" in err
    assert err.endswith("\x1b[1A\x1b[2K")


def test_a_long_name_leaves_the_bar_on_one_line(capsys: Capture, terminal: None) -> None:
    seen = [(42, 100)]
    assert bar.draw("recovering what is kept in /" + "long/" * 40, lambda: seen.pop(), lambda: True)
    assert capsys.readouterr().err.count("\n") <= 2


def test_a_watch_on_a_terminal_says_no_lines(capsys: Capture, terminal: None) -> None:
    said: list[str] = []
    drawn = Event()

    def far(*_: object) -> bool:
        drawn.set()
        return True

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bar, "draw", far)
        with patience("recovering", said.append, 0.0):
            assert drawn.wait(20.0)
    assert said == []
