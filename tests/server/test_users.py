"""The users file: read, changed, and refused where it is not what it should be."""

import os
import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from hoofbeat.errors import ConfigError
from hoofbeat.server import users

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = QUICK.hash("secret")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "HASHER", QUICK)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users"


def test_a_password_that_was_set_verifies_and_is_not_in_the_file(file: Path) -> None:
    assert users.set_password(file, "ann", "open sesame") is False
    assert QUICK.verify(users.read(file)["ann"], "open sesame")
    assert "sesame" not in file.read_text()


def test_only_its_owner_may_read_the_file(file: Path) -> None:
    users.set_password(file, "ann", "a")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    users.set_password(file, "ann", "b")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_file_stays_with_whom_it_belongs_to(file: Path) -> None:
    users.set_password(file, "ann", "a")
    os.chown(file, 1234, 1234)
    users.set_password(file, "ann", "b")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1234)


def test_a_new_password_replaces_the_old_one_and_leaves_the_rest(file: Path) -> None:
    file.write_text(f"# staff\nann:{HASH}\n\nbob:{HASH}\n")
    assert users.set_password(file, "ann", "new") is True
    assert file.read_text().startswith(f"# staff\n\nbob:{HASH}\nann:$argon2id$")
    assert users.read(file)["bob"] == HASH


def test_a_user_is_deleted_and_the_rest_stays(file: Path) -> None:
    file.write_text(f"# staff\nann:{HASH}\nbob:{HASH}\n")
    users.delete(file, "ann")
    assert file.read_text() == f"# staff\nbob:{HASH}\n"


def test_nothing_is_left_beside_the_file(file: Path) -> None:
    users.set_password(file, "ann", "a")
    assert list(file.parent.iterdir()) == [file]


def test_nobody_is_deleted_twice(file: Path) -> None:
    file.write_text(f"bob:{HASH}\n")
    with pytest.raises(ConfigError, match="there is no user 'ann'"):
        users.delete(file, "ann")


@pytest.mark.parametrize("name", ["", " ann", "ann ", "#ann", "a:b", "a\nb", "a\x00b", "a\u2028b", "x" * 256])
def test_a_name_that_the_file_could_not_hold_is_refused(file: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="user name"):
        users.set_password(file, name, "a")
    assert not file.exists()


@pytest.mark.parametrize("name", ["ann", "ann@example.org", "a b", "ünal", "x" * 255])
def test_other_names_are_fine(file: Path, name: str) -> None:
    users.set_password(file, name, "a")
    assert list(users.read(file)) == [name]


def test_an_empty_password_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="empty password"):
        users.set_password(file, "ann", "")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("ann", "line 2: not name:hash"),
        ("ann:plain", "line 2: not name:hash"),
        (f"a\tb:{HASH}", "line 2: not name:hash"),
        (f"ann:{HASH}\nann:{HASH}", "line 3: 'ann' stands there already"),
    ],
)
def test_a_bad_line_is_named_by_its_number(file: Path, line: str, fault: str) -> None:
    file.write_text(f"# staff\n{line}\n")
    with pytest.raises(ConfigError, match=fault):
        users.read(file)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"users: no such file or directory"):
        users.read(file)


def test_another_encoding_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        users.read(file)


def test_a_folder_that_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or directory"):
        users.set_password(tmp_path / "none" / "users", "ann", "a")


def test_when_the_disk_fails_the_old_file_stays_and_nothing_is_left(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file.write_text(f"ann:{HASH}\n")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigError, match="users: no space left on device"):
        users.set_password(file, "ann", "a")
    assert file.read_text() == f"ann:{HASH}\n"
    assert list(file.parent.iterdir()) == [file]
