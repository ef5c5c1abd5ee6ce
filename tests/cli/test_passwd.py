"""``hoofbeat passwd``: users come, get another password, and go."""

import io
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from hoofbeat.server import users
from tests.cli.test_main import outcome

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "HASHER", QUICK)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a users file that is not there yet."""
    return tmp_path / "users"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put text on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_user_is_added_gets_another_password_and_is_deleted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    typed(monkeypatch, "first\n")
    assert outcome(capsys, "passwd", "--stdin", str(file), "ann") == (0, "ann is added\n", "")
    typed(monkeypatch, "second\r\n")
    assert outcome(capsys, "passwd", "--stdin", str(file), "ann") == (0, "ann has a new password\n", "")
    assert QUICK.verify(users.read(file)["ann"], "second")
    assert outcome(capsys, "passwd", "--delete", str(file), "ann") == (0, "ann is deleted\n", "")
    assert users.read(file) == {}


def test_the_password_is_asked_for_twice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    asked: list[str] = []

    def prompt(text: str, *, hide_input: bool, confirmation_prompt: str) -> str:
        asked.extend((text, str(hide_input), confirmation_prompt))
        return "secret"

    monkeypatch.setattr("typer.prompt", prompt)
    assert outcome(capsys, "passwd", str(file), "ann")[0] == 0
    assert asked == ["Password", "True", "Again"]
    assert QUICK.verify(users.read(file)["ann"], "secret")


@pytest.mark.parametrize(
    ("text", "name", "fault"),
    [
        ("", "ann", "no password came on standard input"),
        ("\n", "ann", "an empty password is none"),
        ("a\n", "a:b", "'a:b' is no user name: it has no colon, no control character, no # first"),
    ],
)
def test_what_is_no_user_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    text: str,
    name: str,
    fault: str,
) -> None:
    typed(monkeypatch, text)
    assert outcome(capsys, "passwd", "--stdin", str(file), name) == (2, "", f"hoofbeat: {fault}\n")
    assert not file.exists()


def test_deleting_nobody_is_refused(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    file.write_text("")
    code, _, err = outcome(capsys, "passwd", "--delete", str(file), "ann")
    assert (code, err) == (2, f"hoofbeat: {file}: there is no user 'ann'\n")
