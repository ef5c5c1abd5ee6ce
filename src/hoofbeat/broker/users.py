"""Who is on the other end, and the seam that finds it out."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Peer(NamedTuple):
    """The other end of a connection.

    Attributes:
        transport: ``tcp``, ``tls``, ``unix`` or ``websocket``.
        address: of the host; empty for a Unix socket.
        port: of the peer; 0 for a Unix socket.
        is_local: it is on this machine: loopback or a Unix socket.
        is_encrypted: nobody between can read what it says.
    """

    transport: str = "memory"
    address: str = "127.0.0.1"
    port: int = 0
    is_local: bool = True
    is_encrypted: bool = False


class Credentials(NamedTuple):
    """What CONNECT says about the client. Never logged, and not kept longer than needed.

    Attributes:
        login: name it claims; None for anonymous.
        passcode: what proves it.
        host: virtual host it asked for; ours is the same for all, an authenticator may look at it.
        peer: the other end.
    """

    login: str | None
    passcode: str | None
    host: str | None
    peer: Peer

    def __repr__(self) -> str:
        """Leave the passcode out."""
        return f"Credentials(login={self.login!r}, host={self.host!r}, peer={self.peer!r})"


class Principal(NamedTuple):
    """Who a client proved to be.

    Attributes:
        name: of the user; empty for anonymous.
        is_proven: a password or a token was checked, the name is not just a claim.
    """

    name: str = ""
    is_proven: bool = False


ANONYMOUS = Principal()

Verdict = Callable[[Principal | None], None]


class Authenticator(Protocol):
    """Finds out who a client is."""

    def authenticate(self, credentials: Credentials, done: Verdict) -> None:
        """Call ``done`` exactly once, now or later: with the principal, or None to refuse."""


class AnyLogin:
    """Takes any login at its word: for loopback, where nobody is kept out anyway."""

    def authenticate(self, credentials: Credentials, done: Verdict) -> None:
        """Accept at once."""
        done(Principal(credentials.login or ""))
