"""Tests talk to this machine only: a socket that would leave it raises."""

import socket
import sys
from ipaddress import IPv6Address, ip_address
from typing import Any

GUARDED = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class LeftTheMachineError(RuntimeError):
    """A test spoke to an address beyond loopback. (No OSError, which the code under test may handle.)"""


def guard() -> None:
    """Watch every socket that Python opens in this process; there is no way back, and need be none."""
    sys.addaudithook(refuse_others)


def refuse_others(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise where a socket is about to talk to another machine."""
    if event not in GUARDED:
        return
    connection, address = arguments[0], arguments[-1]
    if connection.family in {socket.AF_INET, socket.AF_INET6} and address and not is_loopback(address[0]):
        raise LeftTheMachineError(f"{event} to {address!r}: tests stay on loopback")


def is_loopback(host: str) -> bool:
    """Addresses are looked at; of names only ``localhost`` is known to stay here."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback
