"""Lets in who is in the users file; passwords are checked off the loop."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeVarTuple

from argon2.exceptions import VerificationError

from hoofbeat.broker.users import ANONYMOUS, Credentials, Principal, Verdict
from hoofbeat.errors import ConfigError
from hoofbeat.server import users
from hoofbeat.server.attempts import DELAY_SECONDS, IMPATIENT, Attempts

logger = logging.getLogger("hoofbeat.server")

Args = TypeVarTuple("Args")

PENDING = 256  # checks that wait for a thread; the logins beyond are refused


class Loop(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Return the monotonic time."""

    def call_later(self, delay: float, callback: Callable[[*Args], object], *args: *Args) -> object:
        """Call back on the loop's thread, later."""

    def call_soon_threadsafe(self, callback: Callable[[*Args], object], *args: *Args) -> object:
        """Call back on the loop's thread, from another."""


class PasswordFile:
    """Lets in who is in a users file, with the right password.

    An unknown user costs as much time as a wrong password, and the answer to both is the same.
    The file is read again when it changed; while the new one can't be read, the old one counts.
    """

    def __init__(
        self,
        file: Path,
        executor: Executor,
        loop: Loop,
        *,
        failures_per_minute: int = 5,
        allow_anonymous: bool = False,
        allow_plaintext: bool = False,
    ) -> None:
        """Read the file; the other arguments are as in :class:`ServerConfig`.

        Raises:
            ConfigError: the file can't be read.
        """
        self._hashes = _Hashes(file)
        self._executor = executor
        self._loop = loop
        self._attempts = Attempts(failures_per_minute)
        self._allow_anonymous = allow_anonymous
        self._allow_plaintext = allow_plaintext
        self._pending = 0

    def authenticate(self, credentials: Credentials, done: Verdict) -> None:
        """Find out who it is; ``done`` is called on the loop's thread, now or later."""
        peer = credentials.peer
        if not credentials.login and not credentials.passcode:
            self._answer(credentials, done, ANONYMOUS if self._allow_anonymous else None)
        elif not (peer.is_encrypted or peer.is_local or self._allow_plaintext):
            logger.warning(
                "! a password came from %s over a connection that is not encrypted: use tls, or set"
                " allow_plaintext_passwords",
                peer.address,
            )
            self._answer(credentials, done, None)
        elif peer.is_local:
            self._check(credentials, done)
        else:
            self._queue(credentials, done)

    def _queue(self, credentials: Credentials, done: Verdict) -> None:
        """Check it when the turn of its address has come."""
        delay = self._attempts.start(credentials.peer.address, self._loop.time())
        if delay == IMPATIENT:
            self._loop.call_later(DELAY_SECONDS, self._answer, credentials, done, None)
        elif delay:
            self._loop.call_later(delay, self._check, credentials, done)
        else:
            self._check(credentials, done)

    def _check(self, credentials: Credentials, done: Verdict) -> None:
        """Have the password checked by a thread."""
        if self._pending >= PENDING:
            self._answer(credentials, done, None)
            return
        try:
            future = self._executor.submit(
                self._hashes.fit, credentials.login or "", credentials.passcode or ""
            )
        except RuntimeError:  # the threads are shut down: so are we, soon
            self._answer(credentials, done, None)
            return
        self._pending += 1
        future.add_done_callback(lambda future: self._return(credentials, done, future))

    def _return(self, credentials: Credentials, done: Verdict, future: "Future[bool]") -> None:
        """Bring the answer from the thread to the loop."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._checked, credentials, done, future)

    def _checked(self, credentials: Credentials, done: Verdict, future: "Future[bool]") -> None:
        self._pending -= 1
        if future.cancelled() or future.exception() is not None or not future.result():
            self._answer(credentials, done, None)
            return
        self._attempts.succeed(credentials.peer.address)
        self._answer(credentials, done, Principal(credentials.login or "", is_proven=True))

    def _answer(self, credentials: Credentials, done: Verdict, principal: Principal | None) -> None:
        if principal is None:
            logger.warning("! refused login %.256r from %s", credentials.login, credentials.peer.address)
        done(principal)


class _Hashes:
    """The users and their hashes; asked by threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._stamp = self._look()
        self._users = users.read(file)
        self._decoy = self._make_decoy()

    def fit(self, name: str, password: str) -> bool:
        """Say whether that is the password of that user; takes a good part of a second."""
        with self._lock:
            self._refresh()
            password_hash, decoy = self._users.get(name), self._decoy
        try:
            users.HASHER.verify(password_hash or decoy, password)
        except VerificationError:
            return False
        return password_hash is not None

    def _refresh(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._users = users.read(self._file)
        except ConfigError as error:
            logger.error("! %s; the users stay as they were", error)
        else:
            self._decoy = self._make_decoy()

    def _make_decoy(self) -> str:
        """Choose what the passwords of unknown users are compared with: as costly as the others."""
        return next(iter(self._users.values()), None) or users.HASHER.hash("decoy")

    def _look(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
