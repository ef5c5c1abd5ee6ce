"""``hoofbeat send``: one message to one destination."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from hoofbeat.cli import endpoint
from hoofbeat.cli.link import Link, open_link
from hoofbeat.cli.options import Ca, Login, Passcode, Url, login_headers
from hoofbeat.errors import ConfigError
from hoofbeat.protocol.commands import Command

Header = Annotated[
    list[str] | None,
    typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header of the message; may be repeated."),
]


def send(
    destination: Annotated[str, typer.Argument(metavar="DEST", help="Such as /topic/news or /queue/jobs.")],
    body: Annotated[str, typer.Argument(help="Text, or - to read standard input.")] = "",
    header: Header = None,
    receipt: Annotated[bool, typer.Option("--receipt", help="Ask for a receipt, and print its id.")] = False,
    url: Url = endpoint.DEFAULT,
    login: Login = None,
    passcode: Passcode = None,
    ca: Ca = "",
) -> None:
    """Send one message, and wait until the broker has it."""
    headers = {"destination": destination, **dict(map(parse_header, header or ()))}
    content = sys.stdin.buffer.read() if body == "-" else body.encode()
    link = open_link(endpoint.parse(url), login_headers(login, passcode), ca)
    receipt_id = asyncio.run(_send(link, headers, content, receipt))
    if receipt_id:
        print(f"receipt {receipt_id}")


def parse_header(text: str) -> tuple[str, str]:
    """Read ``name:value``; the value as it is, but for spaces before it.

    Raises:
        ConfigError: there is no name, or no colon.
    """
    name, colon, value = text.partition(":")
    if not colon or not name:
        raise ConfigError(f"--header {text!r} is not NAME:VALUE")
    return name, value.lstrip(" ")


async def _send(
    opening: AbstractAsyncContextManager[Link], headers: Mapping[str, str], body: bytes, receipt: bool
) -> str:
    """Send, and leave with a receipt: by then the broker has handled everything before it."""
    async with opening as link:
        if receipt or "receipt" in headers:
            receipt_id = await link.confirm(Command.SEND, headers, body)
        else:
            receipt_id = ""
            await link.send(Command.SEND, headers, body)
        await link.leave()
        return receipt_id
