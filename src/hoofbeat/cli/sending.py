"""What ``hoofbeat send`` does: one message, and a goodbye that says it has arrived."""

import asyncio
from collections.abc import Mapping

from hoofbeat.cli.link import open_link
from hoofbeat.cli.login import Broker
from hoofbeat.protocol.commands import Command


def send(broker: Broker, headers: Mapping[str, str], body: bytes, *, receipt: bool) -> str:
    """Send one message, and wait until the broker has it.

    Returns:
        the receipt's id, where one was asked for; else empty.

    Raises:
        LinkError: the broker can't be reached, or refuses.
        ConfigError: its certificates can't be read.
    """
    return asyncio.run(_send(broker, headers, body, receipt))


async def _send(broker: Broker, headers: Mapping[str, str], body: bytes, receipt: bool) -> str:
    """Send, and leave with a receipt: by then the broker has handled everything before it."""
    async with open_link(*broker) as link:
        if receipt or "receipt" in headers:
            receipt_id = await link.confirm(Command.SEND, headers, body)
        else:
            receipt_id = ""
            await link.send(Command.SEND, headers, body)
        await link.leave()
        return receipt_id
