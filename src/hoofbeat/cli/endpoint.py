"""Where ``send`` and ``listen`` find a broker: one URL."""

import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from hoofbeat.errors import ConfigError

DEFAULT = "stomp://127.0.0.1:61613"
_PORTS = {"stomp": 61613, "stomp+ssl": 61614, "stomps": 61614}


class Endpoint(NamedTuple):
    """A broker's address.

    Attributes:
        host: empty for a Unix socket.
        port: 0 for a Unix socket.
        path: of a Unix socket; else empty.
        is_encrypted: whether TLS is spoken.
    """

    host: str
    port: int
    path: str = ""
    is_encrypted: bool = False

    def __str__(self) -> str:
        """Show it as messages do."""
        return self.path or f"{self.host}:{self.port}"

    def tls(self, ca: str) -> ssl.SSLContext | None:
        """Make the context that verifies the broker: against ``ca``, or what the machine trusts.

        Returns:
            None where no TLS is spoken.

        Raises:
            ConfigError: ``ca`` can't be used.
        """
        if not self.is_encrypted:
            return None
        try:
            return ssl.create_default_context(cafile=ca or None)
        except OSError as error:
            raise ConfigError(f"{ca}: no certificates could be read: {error.strerror or error}") from None


def parse(url: str) -> Endpoint:
    """Read ``stomp://host:port``, ``stomp+ssl://host:port`` (also ``stomps``) or ``unix:path``.

    Raises:
        ConfigError: it is none of these.
    """
    if url.startswith("unix:"):
        path = url.removeprefix("unix:").removeprefix("//")
        if path:
            return Endpoint("", 0, path)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad(url) from None
    if parts.username is not None or parts.password is not None:
        raise ConfigError("a URL is no place for a passcode: use --login, and HOOFBEAT_PASSCODE")
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query:
        raise _bad(url)
    return Endpoint(host, port or _PORTS[parts.scheme], is_encrypted=parts.scheme != "stomp")


def _bad(url: str) -> ConfigError:
    return ConfigError(f"{url!r} is not stomp://host:port, stomp+ssl://host:port or unix:path")
