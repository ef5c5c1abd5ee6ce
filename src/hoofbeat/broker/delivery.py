"""One copy of a message in one subscription's hands, until it is settled."""

from enum import Enum, StrEnum, auto

from hoofbeat.broker.message import Message


class AckMode(StrEnum):
    """How deliveries of a subscription are settled, as in the specification."""

    AUTO = "auto"
    CLIENT = "client"
    CLIENT_INDIVIDUAL = "client-individual"


class Outcome(Enum):
    """How a delivery ends."""

    ACK = auto()  # done with
    NACK = auto()  # to be delivered again, and counted
    REJECT = auto()  # not to be delivered again: a dead letter


class Delivery:
    """One copy.

    Attributes:
        message: what was delivered.
        tag: counts the deliveries of a subscription; what ACK names.
    """

    __slots__ = ("message", "tag")

    def __init__(self, message: Message, tag: int) -> None:
        """Keep the parts."""
        self.message = message
        self.tag = tag
