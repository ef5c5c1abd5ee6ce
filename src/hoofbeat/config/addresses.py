"""Addresses as the configuration writes them."""

from ipaddress import ip_address, ip_network

from hoofbeat.errors import ConfigError


def split_address(address: str) -> tuple[str, int]:
    """Take ``host:port`` apart; an IPv6 address loses its brackets.

    Raises:
        ConfigError: it is not an address.
    """
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigError(f"address {address!r} needs brackets around its host: [{host}]:{port}")
    if not (colon and host and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536):
        raise ConfigError(f"address {address!r} is not host:port, such as 127.0.0.1:61613")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach ``host``; of names only ``localhost`` is."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_network(name: str, network: str) -> None:
    """Refuse what is neither an address nor a network.

    Raises:
        ConfigError: ``name`` is the setting it is blamed on.
    """
    try:
        ip_network(network, strict=False)
    except ValueError:
        raise ConfigError(f"{name} must be addresses or networks, as 10.0.0.0/8, not {network!r}") from None
