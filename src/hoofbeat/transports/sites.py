"""Which names we answer to over HTTP, and whose pages may open a WebSocket."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

ANY = "*"
UNKNOWN_HOST = "unknown host: name it in hosts (hoofbeat serve --hosts)\n"  # what the refused are told
UNKNOWN_ORIGIN = "origin not allowed: name it in origins (hoofbeat serve --origins)\n"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Authority(NamedTuple):
    """What a URL has between its scheme and its path.

    Attributes:
        host: in lower case, an IPv6 address without its brackets.
        port: the scheme's own where none was named.
    """

    host: str
    port: int | None


def authority(text: str, default_port: int | None = None) -> Authority | None:
    """Take ``host``, ``host:port`` or ``[address]:port`` apart; None for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, ""
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    if not host or set(host) & set("/@\\?# \t[]"):
        return None
    return Authority(host.lower().rstrip("."), int(port) if port else default_port)


class Sites:
    """The allow-lists for ``Host`` and ``Origin``.

    A page elsewhere can give its own name our address, and then its requests come to a broker
    that only listens on loopback: the browser takes them for requests to that page's own site. So
    we answer to names we know alone. An address can't be rebound; every one is known where we
    listen beyond loopback, and the loopback ones always.
    """

    __slots__ = ("_any_address", "_hosts", "_origins")

    def __init__(
        self, *, hosts: Iterable[str] = (), origins: Iterable[str] = (), is_public: bool = False
    ) -> None:
        """Set the lists.

        Args:
            hosts: names without ports; ``*`` stands for any.
            origins: as ``https://example.org``; ``*`` stands for any.
            is_public: we listen beyond loopback.
        """
        self._hosts = frozenset(host.lower().rstrip(".").strip("[]") for host in hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._any_address = is_public

    def is_known(self, host: str | None) -> bool:
        """Say whether we answer to this ``Host`` header."""
        asked = authority(host) if host is not None else None
        if asked is None:
            return False
        name = asked.host
        if ANY in self._hosts or name in self._hosts or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ip_address(name).is_loopback or self._any_address
        except ValueError:
            return False

    def is_welcome(self, origin: str | None, host: str) -> bool:
        """Say whether a page of ``origin`` may open a WebSocket at ``host``.

        Our own pages may, those that are listed, and whatever is not a browser and sends none.

        RFC 6455, 10.2 "Origin Considerations".
        """
        if origin is None or ANY in self._origins or origin.lower() in self._origins:
            return True
        scheme, separator, rest = origin.lower().partition("://")
        port = _DEFAULT_PORTS.get(scheme)
        return bool(separator) and port is not None and authority(rest, port) == authority(host, port)
