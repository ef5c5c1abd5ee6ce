"""Whom a proxy forwards for: what it says counts where it is listed, and nobody else's word does."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple, Protocol

from hoofbeat.broker.users import Peer
from hoofbeat.config import ForwardedHeader

_Address = IPv4Address | IPv6Address

_ENCRYPTED = ("https", "wss")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[,;]|[^",;]+')  # of Forwarded: quoted text, separators, the rest
# Whether every quote has its end; without going back, or a quote in each place would be looked at from each.
_IS_QUOTED = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|[^"])*+')


class Headers(Protocol):
    """The headers of a request."""

    def get_all(self, name: str) -> Sequence[str]:
        """Return the value of every header of that name, in order."""


class Hop(NamedTuple):
    """What one proxy says of the request it got.

    Attributes:
        client: who sent it, as the proxy writes it.
        scheme: how it came; empty where that is not said.
    """

    client: str
    scheme: str = ""


class Proxies:
    """The listed proxies.

    A request may pass several, and each adds whom it got it from. What the last one says is
    believed if it is listed; if that names a listed one, what was said before it is believed, and
    so on. What stands before the word of an unlisted one could be anybody's invention.
    """

    __slots__ = ("_header", "_networks")

    def __init__(
        self, networks: Iterable[str] = (), header: ForwardedHeader = ForwardedHeader.X_FORWARDED_FOR
    ) -> None:
        """List addresses or networks; only ``header`` is looked at, as the proxies leave others alone."""
        self._networks = [ip_network(network, strict=False) for network in networks]
        self._header = header

    def lists(self, address: str) -> bool:
        """Say whether a proxy of that address may speak for others."""
        found = _address(address) if self._networks else None
        return found is not None and self._has(found)

    def client_of(self, peer: Peer, headers: Headers) -> Peer:
        """Return who sent a request that ``peer`` brought: itself, unless it is a listed proxy.

        A proxy that names nobody speaks for itself. What is no address, or can't be read, is kept
        as an empty one; all clients of that kind share their limits. Who is forwarded for is on this
        machine only if the proxy is, too, and is encrypted only if the way from the proxy can't be
        overheard either.
        """
        if not self.lists(peer.address):
            return peer
        hops = self._hops(headers)
        if not hops:
            return peer
        hop, client = hops[-1], None
        for hop in reversed(hops):
            client = _address(hop.client)
            if client is None or not self._has(client):
                break
        return peer._replace(
            address=str(client or ""),
            port=0,
            is_local=client is not None and client.is_loopback and peer.is_local,
            is_encrypted=hop.scheme in _ENCRYPTED and (peer.is_local or peer.is_encrypted),
        )

    def _has(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)

    def _hops(self, headers: Headers) -> list[Hop]:
        if self._header is ForwardedHeader.FORWARDED:
            return list(_forwarded(",".join(headers.get_all("Forwarded"))))
        clients = ",".join(headers.get_all("X-Forwarded-For"))
        schemes = ",".join(headers.get_all("X-Forwarded-Proto")).split(",")
        scheme = schemes[-1].strip().lower()  # of the last proxy's client; the others' are not known
        return [Hop(client.strip(), scheme) for client in clients.split(",")] if clients.strip() else []


def _forwarded(text: str) -> Iterator[Hop]:
    """Read a ``Forwarded`` header: RFC 7239, 4 "Forwarded HTTP Header Field"."""
    if not _IS_QUOTED.fullmatch(text):  # a quote without end could hide anything, and be the client's
        yield Hop("")
        return
    tokens = _TOKENS.findall(text)
    pairs: dict[str, str] = {}
    for token in (*tokens, ",") if text.strip() else ():
        name, equals, value = token.partition("=")
        if token == ",":
            yield Hop(pairs.get("for", ""), pairs.get("proto", "").lower())
            pairs = {}
        elif token.startswith('"'):
            last = next(reversed(pairs), "")
            pairs[last] = pairs.get(last) or token[1:-1]
        elif equals:
            pairs[name.strip().lower()] = value.strip()


def _address(text: str) -> _Address | None:
    """Read an address, with a port or without; None for anything else."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
