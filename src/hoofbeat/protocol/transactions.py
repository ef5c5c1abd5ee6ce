"""Transactions of one session: frames kept from BEGIN to COMMIT or ABORT."""

from typing import NamedTuple

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers


class TransactionLimits(NamedTuple):
    """How much a session may keep open.

    Attributes:
        open: transactions at one time.
        frames: in one transaction.
        size_bytes: of all headers and bodies in one transaction.
    """

    open: int = 16
    frames: int = 1000
    size_bytes: int = 8 * 1024 * 1024


class Transaction:
    """What was taken in between BEGIN and COMMIT or ABORT.

    Attributes:
        frames: SEND, ACK and NACK, in order.
        size_bytes: characters of their headers, and octets of their bodies.
        refused: why a frame that belongs to it was; empty if none was.
    """

    __slots__ = ("frames", "refused", "size_bytes")

    def __init__(self) -> None:
        """Start empty."""
        self.frames: list[Frame] = []
        self.size_bytes = 0
        self.refused = ""


class Transactions:
    """The open transactions of one session, by their ids."""

    __slots__ = ("_limits", "_open")

    def __init__(self, limits: TransactionLimits) -> None:
        """Start with none."""
        self._limits = limits
        self._open: dict[str, Transaction] = {}

    def begin(self, name: str) -> None:
        """Open a transaction.

        Raises:
            RemoteProtocolError: it is open already, or too many are.

        STOMP 1.2, "BEGIN".
        """
        if name in self._open:
            raise RemoteProtocolError(f"transaction {name[:64]!r} has begun already", section="BEGIN")
        if len(self._open) >= self._limits.open:
            raise RemoteProtocolError(
                f"more than {self._limits.open} open transactions", section="Size Limits"
            )
        self._open[name] = Transaction()

    def check(self, name: str, section: str) -> None:
        """Raise RemoteProtocolError unless the transaction is open."""
        self._get(name, section)

    def add(self, name: str, frame: Frame) -> None:
        """Keep a frame until its transaction ends.

        Raises:
            RemoteProtocolError: there is no such transaction, or it grew past its limits.
        """
        transaction = self._get(name, frame.command.value)
        size = transaction.size_bytes + len(frame.body) + _size(frame.headers)
        if len(transaction.frames) >= self._limits.frames:
            raise RemoteProtocolError(
                f"more than {self._limits.frames} frames in a transaction", section="Size Limits"
            )
        if size > self._limits.size_bytes:
            raise RemoteProtocolError(
                f"transaction over {self._limits.size_bytes} bytes", section="Size Limits"
            )
        transaction.frames.append(frame)
        transaction.size_bytes = size

    def doom(self, name: str, why: str) -> None:
        """Note that a frame of a transaction was refused, if that is open: all it can do is end."""
        transaction = self._open.get(name)
        if transaction is not None:
            transaction.refused = transaction.refused or why

    def end(self, name: str, section: str) -> Transaction:
        """Close a transaction and return it; COMMIT uses what it held, ABORT does not.

        Raises:
            RemoteProtocolError: there is no such transaction.
        """
        transaction = self._get(name, section)
        del self._open[name]
        return transaction

    def clear(self) -> None:
        """Forget all of them: none will end any more."""
        self._open = {}

    def _get(self, name: str, section: str) -> Transaction:
        transaction = self._open.get(name)
        if transaction is None:
            raise RemoteProtocolError(f"transaction {name[:64]!r} has not begun", section=section)
        return transaction


def _size(headers: Headers) -> int:
    """Count what is kept of headers: an ACK may have many, and no body."""
    return sum([len(name) + len(value) for name, value in headers.lines()])
