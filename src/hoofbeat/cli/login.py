"""Where ``send`` and ``listen`` connect, and as whom."""

from typing import NamedTuple

from hoofbeat.cli import endpoint
from hoofbeat.cli.endpoint import Endpoint
from hoofbeat.cli.output import note
from hoofbeat.config import is_loopback


class Broker(NamedTuple):
    """A broker, and how to come in.

    Attributes:
        endpoint: its address.
        headers: of CONNECT, that say who we are.
        ca: certificates to trust; empty for the machine's own.
    """

    endpoint: Endpoint
    headers: dict[str, str]
    ca: str


def broker_at(url: str, login: str | None, passcode: str | None, ca: str) -> Broker:
    """Read the options, and warn of a passcode that others could read on its way.

    Raises:
        ConfigError: the URL is none.
    """
    where = endpoint.parse(url)
    if passcode is not None and not (where.path or where.is_encrypted or is_loopback(where.host)):
        note(f"the passcode goes to {where} unencrypted, for all between to read: stomp+ssl:// hides it")
    given = {"login": login, "passcode": passcode}
    return Broker(where, {name: value for name, value in given.items() if value is not None}, ca)
