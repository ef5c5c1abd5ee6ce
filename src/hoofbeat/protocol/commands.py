"""The commands of STOMP, and who may send them."""

from enum import StrEnum


class Command(StrEnum):
    """First line of a frame. A ``StrEnum``, whose hash costs no Python call."""

    CONNECT = "CONNECT"
    STOMP = "STOMP"
    SEND = "SEND"
    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    ACK = "ACK"
    NACK = "NACK"
    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    ABORT = "ABORT"
    DISCONNECT = "DISCONNECT"
    CONNECTED = "CONNECTED"
    MESSAGE = "MESSAGE"
    RECEIPT = "RECEIPT"
    ERROR = "ERROR"


BY_NAME: dict[str, Command] = {command.value: command for command in Command}

SERVER_COMMANDS = frozenset({Command.CONNECTED, Command.MESSAGE, Command.RECEIPT, Command.ERROR})
CLIENT_COMMANDS = frozenset(Command) - SERVER_COMMANDS

# STOMP 1.2, "Body": no other frame may have one.
WITH_BODY = frozenset({Command.SEND, Command.MESSAGE, Command.ERROR})

# STOMP 1.2, "Value Encoding": these two are never escaped, for the sake of STOMP 1.0.
NEVER_ESCAPED = frozenset({Command.CONNECT, Command.CONNECTED})
