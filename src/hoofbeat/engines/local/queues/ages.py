"""How long messages are worth delivering."""

from hoofbeat.broker.message import Message


def with_end(messages: list[Message], end_ms: int) -> list[Message]:
    """Return messages that expire at ``end_ms`` of epoch time, if they did not expire before."""
    return [
        Message(message.number, message.envelope, message.body, min(message.expires_ms or end_ms, end_ms))
        for message in messages
    ]


def is_expired(message: Message, now_ms: int) -> bool:
    """Say whether a message is not worth delivering any more."""
    return 0 < message.expires_ms <= now_ms
