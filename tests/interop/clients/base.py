"""What a scenario asks of somebody else's client: the same few verbs, whatever the library."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """A MESSAGE as the library gave it.

    Attributes:
        body: its octets.
        headers: unescaped by the library.
        raw: what the library wants back to settle it.
    """

    body: bytes
    headers: Mapping[str, str]
    raw: object


class Place(NamedTuple):
    """Where the broker is, and what to speak there."""

    host: str
    port: int
    transport: str
    version: str


class Subscription(Protocol):
    """A live SUBSCRIBE."""

    async def next(self) -> Message:
        """Wait for the next message."""

    async def ack(self, message: Message) -> None:
        """Send ACK."""

    async def nack(self, message: Message) -> None:
        """Send NACK."""

    async def unsubscribe(self) -> None:
        """Send UNSUBSCRIBE; nothing may come afterwards."""


class Client(Protocol):
    """One connection, made by ``connect``.

    Attributes:
        version: what CONNECTED said.
    """

    version: str

    async def connect(self, place: Place, heart_beat_ms: int) -> None:
        """Connect and wait for CONNECTED."""

    async def subscribe(self, destination: str, ack: str) -> Subscription:
        """Send SUBSCRIBE."""

    async def send(
        self, destination: str, body: bytes, headers: Mapping[str, str], transaction: str | None
    ) -> None:
        """Send SEND, without a receipt."""

    async def send_and_wait(self, destination: str, body: bytes) -> None:
        """Send SEND, and wait for its RECEIPT."""

    async def begin(self) -> str:
        """Send BEGIN and return the name of the transaction."""

    async def commit(self, transaction: str) -> None:
        """Send COMMIT."""

    async def abort(self, transaction: str) -> None:
        """Send ABORT."""

    async def error(self) -> str:
        """Wait for ERROR and return its ``message``."""

    async def is_alive_after(self, seconds: float) -> bool:
        """Wait, and say whether the library still takes the connection for alive."""

    async def disconnect(self) -> None:
        """Send DISCONNECT and wait for its RECEIPT."""
