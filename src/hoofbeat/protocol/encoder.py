"""From frames to bytes; MESSAGE in two parts, so that what many get is made once."""

from collections.abc import Mapping

from hoofbeat.protocol.commands import NEVER_ESCAPED, Command
from hoofbeat.protocol.escaping import escape
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import write_lines
from hoofbeat.protocol.versions import Version

HEART_BEAT = b"\n"


def encode(
    command: Command, headers: Mapping[str, str], body: bytes = b"", *, version: Version = Version.V1_2
) -> bytes:
    """Write one frame; headers that ``version`` can't express are left out.

    ``content-length`` is written for every body that is not empty. No EOL follows the NUL.
    CONNECTED and CONNECT are not escaped: what would need it is left out as well.
    """
    lines = write_lines(headers, Version.V1_0 if command in NEVER_ESCAPED else version)[0]
    length = f"\ncontent-length:{len(body)}" if body else ""
    return f"{command.value}{lines}{length}\n\n".encode() + body + b"\0"


def encode_frame(frame: Frame, version: Version = Version.V1_2) -> bytes:
    """Write a frame as a peer of ``version`` reads it."""
    return encode(frame.command, frame.headers.fields, frame.body, version=version)


def encode_receipt(receipt: str, version: Version) -> bytes:
    """Write a RECEIPT that says nothing but whose it is, as :func:`encode` does: most are like that."""
    escaped = escape(receipt, version)
    line = "" if escaped is None else f"\nreceipt-id:{escaped}"
    return f"RECEIPT{line}\n\n\0".encode()


def message_head(subscription: str | None, version: Version, more: Mapping[str, str] | None = None) -> bytes:
    """Return the part of MESSAGE that is one subscription's: all up to its tail.

    Args:
        subscription: its id; None for a subscription of STOMP 1.0 that has none.
        version: what the subscriber speaks.
        more: further headers that every message of the subscription carries.
    """
    headers = {} if subscription is None else {"subscription": subscription}
    return f"MESSAGE{write_lines({**headers, **(more or {})}, version)[0]}".encode()


def message_tail(prefix: bytes, number: int, suffix: bytes, block: bytes, body: bytes) -> bytes:
    """Return the part of MESSAGE that is the message's: whoever gets it, whatever its head.

    Args:
        prefix: of the message id, which holds nothing that needs an escape.
        number: follows it.
        suffix: ends it.
        block: ``destination`` and the user headers as they stand on the wire, LF before each.
        body: any octets.
    """
    return b"\nmessage-id:%b%d%b%b\ncontent-length:%d\n\n%b\0" % (
        prefix,
        number,
        suffix,
        block,
        len(body),
        body,
    )


def message_tails(prefix: bytes, block: bytes, numbers: list[int], bodies: list[bytes]) -> list[bytes]:
    """Return the tails of messages that share their headers, as :func:`message_tail` does one by one."""
    tails: list[bytes] = []
    start = b"\nmessage-id:" + prefix
    size, middle = -1, b""
    for at, body in enumerate(bodies):
        if len(body) != size:  # most bodies of a run are as long as the one before
            size = len(body)
            middle = b"%b\ncontent-length:%d\n\n" % (block, size)
        tails.append(b"%b%d%b%b\0" % (start, numbers[at], middle, body))
    return tails
