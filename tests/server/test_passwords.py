"""Who is let in by the users file, when, and at what cost."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher

from hoofbeat.broker.users import ANONYMOUS, Credentials, Peer, Principal
from hoofbeat.errors import ConfigError
from hoofbeat.server import passwords, users
from hoofbeat.server.passwords import PasswordFile

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ANN = f"ann:{QUICK.hash('right')}\n"
FAR = Peer("tls", "10.0.0.1", 40000, False, True)
NEAR = Peer("tcp", "127.0.0.1", 40000, True, False)
PLAIN = Peer("tcp", "10.0.0.1", 40000, False, False)


class Loop:
    """A loop whose time stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, Callable[..., object], tuple[Any, ...]]] = []
        self.is_closed = False

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> None:
        self.calls.append((self.now + delay, callback, args))

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> None:
        if self.is_closed:
            raise RuntimeError("Event loop is closed")
        self.calls.append((self.now, callback, args))

    def run(self, seconds: float = 0.0) -> None:
        """Let time pass, and call what is due."""
        self.now += seconds
        while due := [call for call in self.calls if call[0] <= self.now]:
            self.calls = [call for call in self.calls if call[0] > self.now]
            for _, callback, args in due:
                callback(*args)


class Hands(Executor):
    """An executor that works when it is told, on the thread that tells it."""

    def __init__(self) -> None:
        self.work: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.work.append((future, lambda: fn(*args, **kwargs)))
        return future

    def do(self) -> int:
        """Do what waits; return how much it was."""
        work, self.work = self.work, []
        for future, call in work:
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)
        return len(work)


class Door:
    """A users file with one user, a loop and an executor; and the answers that came."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.file = folder / "users"
        self.file.write_text(ANN)
        self.loop, self.hands = Loop(), Hands()
        self.answers: list[Principal | None] = []
        self.passwords = PasswordFile(self.file, self.hands, self.loop, **options)

    def knock(self, login: str | None = "ann", passcode: str | None = "right", peer: Peer = FAR) -> None:
        self.passwords.authenticate(Credentials(login, passcode, None, peer), self.answers.append)

    def wait(self, seconds: float = 0.0) -> list[Principal | None]:
        """Let time pass and threads work; return every answer so far."""
        self.loop.run(seconds)
        self.hands.do()
        self.loop.run()
        return self.answers


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "HASHER", QUICK)


def test_the_right_password_lets_in_and_the_loop_did_not_wait(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock()
    assert door.answers == []
    assert door.wait() == [Principal("ann", is_proven=True)]


@pytest.mark.parametrize(
    ("login", "passcode"),
    [
        ("ann", "wrong"),
        ("ann", ""),
        ("ann", None),
        ("bob", "right"),
        (None, "right"),
        ("", "right"),
        ("ANN", "right"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, login: str | None, passcode: str | None) -> None:
    door = Door(tmp_path)
    door.knock(login, passcode)
    assert door.wait() == [None]


def test_an_unknown_user_costs_as_much_work_as_a_wrong_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, verified = Door(tmp_path), []

    class Counted(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(users, "HASHER", Counted(time_cost=1, memory_cost=8, parallelism=1))
    door.knock("ann", "wrong")
    door.knock("bob", "wrong")
    door.wait()
    assert len(verified) == 2
    assert verified[0] == verified[1]


def test_where_nobody_is_in_the_file_a_login_costs_as_much(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.file.write_text("")
    door.knock("ann", "decoy")
    assert door.wait() == [None]


def test_the_password_of_another_user_does_not_let_an_unknown_one_in(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock("nobody", "right")
    assert door.wait() == [None]


def test_nobody_is_anonymous_unless_it_is_allowed(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock(None, None, NEAR)
    assert door.answers == [None]


def test_who_gives_neither_name_nor_password_is_anonymous_where_it_is_allowed(tmp_path: Path) -> None:
    door = Door(tmp_path, allow_anonymous=True)
    door.knock(None, None)
    door.knock("ann", None)
    assert door.wait() == [ANONYMOUS, None]


def test_a_password_over_a_plain_connection_from_afar_is_refused_unseen(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock(peer=PLAIN)
    assert door.answers == [None]
    assert door.hands.work == []


def test_a_password_over_a_plain_connection_passes_where_it_is_allowed(tmp_path: Path) -> None:
    door = Door(tmp_path, allow_plaintext=True)
    door.knock(peer=PLAIN)
    assert door.wait() == [Principal("ann", is_proven=True)]


def test_a_password_over_a_plain_connection_passes_on_this_machine(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock(peer=NEAR)
    assert door.wait() == [Principal("ann", is_proven=True)]


def test_after_too_many_failures_even_the_right_password_has_to_wait(tmp_path: Path) -> None:
    door = Door(tmp_path, failures_per_minute=2)
    for _ in range(2):
        door.knock(passcode="wrong")
    assert door.wait() == [None, None]
    door.knock()
    assert door.wait(3.9) == [None, None]
    assert door.wait(0.1) == [None, None, Principal("ann", is_proven=True)]


def test_who_comes_when_the_line_is_full_is_refused_later_and_unseen(tmp_path: Path) -> None:
    door = Door(tmp_path, failures_per_minute=1)
    door.knock(passcode="wrong")
    door.wait()
    for _ in range(3):
        door.knock()
    assert door.wait(4.0) == [None, None, Principal("ann", is_proven=True)]
    assert door.wait(4.0)[3:] == [Principal("ann", is_proven=True)]


def test_failures_on_this_machine_are_not_counted(tmp_path: Path) -> None:
    door = Door(tmp_path, failures_per_minute=1)
    for _ in range(5):
        door.knock(passcode="wrong", peer=NEAR)
    door.knock(peer=NEAR)
    assert door.wait() == [None] * 5 + [Principal("ann", is_proven=True)]


def test_more_logins_than_threads_can_check_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PENDING", 1)
    door = Door(tmp_path)
    door.knock(peer=NEAR)
    door.knock(peer=NEAR)
    assert door.answers == [None]
    assert door.wait() == [None, Principal("ann", is_proven=True)]
    door.knock(peer=NEAR)
    assert len(door.wait()) == 3


def rewritten(file: Path, text: str) -> None:
    """Write the file so that its time differs, however coarse the clock of the file system."""
    file.write_text(text)
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def test_the_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    door = Door(tmp_path)
    rewritten(door.file, ANN + f"bob:{QUICK.hash('builder')}\n")
    door.knock("bob", "builder")
    assert door.wait() == [Principal("bob", is_proven=True)]
    users.delete(door.file, "bob")
    door.knock("bob", "builder")
    assert door.wait()[1:] == [None]


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_while_the_file_can_not_be_read_the_users_stay(
    tmp_path: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(tmp_path)
    if text is None:
        door.file.unlink()
    else:
        rewritten(door.file, text)
    door.knock()
    assert door.wait() == [Principal("ann", is_proven=True)]
    assert "the users stay as they were" in caplog.text


def test_a_file_that_can_not_be_read_at_first_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        PasswordFile(tmp_path / "users", Hands(), Loop())


def test_no_password_is_ever_logged_and_names_are_cut(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door = Door(tmp_path)
    door.knock("a\n" + "x" * 1000, "secret")
    door.knock("ann", "secret", PLAIN)
    door.wait()
    assert "secret" not in caplog.text
    assert max(map(len, caplog.messages)) < 400
    assert not any("\n" in message for message in caplog.messages)


def test_a_check_that_breaks_is_a_refusal(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock(passcode="\ud800")  # no octets can be made of it
    assert door.wait() == [None]


def test_an_answer_after_the_end_of_the_loop_is_nobodys_business(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.knock()
    door.loop.is_closed = True
    assert door.wait() == []


def test_a_login_after_the_end_of_the_threads_is_refused(tmp_path: Path) -> None:
    door = Door(tmp_path)
    with ThreadPoolExecutor(1) as threads:
        door.passwords = PasswordFile(door.file, threads, door.loop)
    door.knock()
    assert door.answers == [None]


def test_threads_do_it_as_well(tmp_path: Path) -> None:
    door = Door(tmp_path)
    with ThreadPoolExecutor(2) as threads:
        door.passwords = PasswordFile(door.file, threads, door.loop)
        for passcode in ("right", "wrong"):
            door.knock(passcode=passcode)
    assert sorted(map(str, door.wait())) == ["None", str(Principal("ann", is_proven=True))]
