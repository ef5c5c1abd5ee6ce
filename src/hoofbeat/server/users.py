"""The users file: one ``name:hash`` a line, the hash by argon2."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError

from hoofbeat.errors import ConfigError

HASHER = PasswordHasher()
_NAME_BYTES = 255


def read(file: Path) -> dict[str, str]:
    """Return every user and its hash; empty lines and those that start with ``#`` do not count.

    Raises:
        ConfigError: the file can't be read, or a line is not what it should be.
    """
    users: dict[str, str] = {}
    for number, line in enumerate(_lines(file), 1):
        name, _, password_hash = line.strip().partition(":")
        if not line.strip() or name.startswith("#"):
            continue
        if name in users:
            raise ConfigError(f"{file}: line {number}: {name!r} stands there already")
        try:
            check_name(name)
            extract_parameters(password_hash)
        except (ConfigError, InvalidHashError):
            raise ConfigError(
                f"{file}: line {number}: not name:hash; write it with hoofbeat passwd"
            ) from None
        users[name] = password_hash
    return users


def check_name(name: str) -> None:
    """Refuse a name that the file could not hold.

    Raises:
        ConfigError: it is empty or too long, or holds what no name may.
    """
    if not name or name != name.strip() or name.startswith("#") or ":" in name or not name.isprintable():
        raise ConfigError(f"{name!r} is no user name: it has no colon, no control character, no # first")
    if len(name.encode()) > _NAME_BYTES:
        raise ConfigError(f"a user name has at most {_NAME_BYTES} bytes")


def set_password(file: Path, name: str, password: str) -> bool:
    """Give ``name`` a password; the file is made if it is missing.

    Returns:
        whether the user was there already.

    Raises:
        ConfigError: the name or the password is no good, or the file can't be read or written.
    """
    check_name(name)
    if not password:
        raise ConfigError("an empty password is none")
    was_there = file.exists() and name in read(file)
    kept = _without(file, name) if file.exists() else []
    _write(file, [*kept, f"{name}:{HASHER.hash(password)}"])
    return was_there


def delete(file: Path, name: str) -> None:
    """Take ``name`` out.

    Raises:
        ConfigError: there is no such user, or the file can't be read or written.
    """
    if name not in read(file):
        raise ConfigError(f"{file}: there is no user {name!r}")
    _write(file, _without(file, name))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{file}: {(error.strerror or 'it cannot be read').lower()}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: it is not UTF-8") from None


def _without(file: Path, name: str) -> list[str]:
    """Return the lines that are not about ``name``, comments too."""
    return [line for line in _lines(file) if line.strip().partition(":")[0] != name]


def _write(file: Path, lines: list[str]) -> None:
    """Replace the file at once, so that nobody reads half of it; only its owner may read it."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.writelines(f"{line}\n" for line in lines)
                stream.flush()
                _keep_owner(file, handle)
                os.fsync(handle)
            os.replace(name, file)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ConfigError(f"{file}: {(error.strerror or 'it cannot be written').lower()}") from None


def _keep_owner(file: Path, handle: int) -> None:
    """Leave the file to whom it belongs: root may write it, the broker has to read it."""
    with suppress(OSError):
        owner = file.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
