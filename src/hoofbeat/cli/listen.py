"""``hoofbeat listen``: the messages of one destination, as they come."""

import asyncio
import base64
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, NamedTuple

import typer

from hoofbeat.cli import endpoint
from hoofbeat.cli.link import Link, open_link
from hoofbeat.cli.options import Ca, Login, Passcode, Url, login_headers
from hoofbeat.cli.output import printable
from hoofbeat.cli.send import Header, parse_header
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.versions import FACTS, Version

SUBSCRIPTION = "1"


class Ack(StrEnum):
    """When a message counts as taken."""

    AUTO = "auto"
    CLIENT = "client"
    CLIENT_INDIVIDUAL = "client-individual"


class Request(NamedTuple):
    """What to listen to.

    Attributes:
        headers: of SUBSCRIBE.
        acks: whether every message is acknowledged once it was shown.
        most: messages, then it is over; 0 for no end.
        show: writes one message.
    """

    headers: Mapping[str, str]
    acks: bool
    most: int
    show: Callable[[Frame], bytes]


def listen(
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="Such as /topic/news, /topic/** or /queue/jobs.")
    ],
    ack: Annotated[
        Ack | None, typer.Option(help="Default: auto; with --count, client-individual.", show_default=False)
    ] = None,
    count: Annotated[
        int, typer.Option(min=0, metavar="N", help="Stop after so many messages; 0 goes on.")
    ] = 0,
    headers: Annotated[bool, typer.Option("--headers", help="Show the headers of each message.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Show each message as one line of JSON.")] = False,
    header: Header = None,
    url: Url = endpoint.DEFAULT,
    login: Login = None,
    passcode: Passcode = None,
    ca: Ca = "",
) -> None:
    """Show the messages of a destination, until Ctrl-C."""
    mode = ack or (Ack.CLIENT_INDIVIDUAL if count else Ack.AUTO)
    given = dict(map(parse_header, header or ()))
    subscribe = {"id": SUBSCRIPTION, "destination": destination, "ack": mode.value, **given}
    if count and mode is not Ack.AUTO:
        subscribe.setdefault("prefetch-count", str(min(count, 100)))  # leave the rest to others
    show = as_line if as_json else as_frame if headers else as_body
    request = Request(subscribe, mode is not Ack.AUTO, count, show)
    asyncio.run(_listen(open_link(endpoint.parse(url), login_headers(login, passcode), ca), request))


def as_body(frame: Frame) -> bytes:
    """Write the body alone; on a terminal, what it might obey is escaped."""
    if sys.stdout.isatty():
        return printable(frame.body.decode(errors="backslashreplace")).encode() + b"\n"
    return frame.body + b"\n"


def as_frame(frame: Frame) -> bytes:
    """Write headers, an empty line, the body and an empty line."""
    lines = [f"{name}: {printable(value)}\n" for name, value in frame.headers.items()]
    return "".join(lines).encode() + b"\n" + as_body(frame) + b"\n"


def as_line(frame: Frame) -> bytes:
    """Write one line of JSON: ``headers``, and ``body``, or ``body_base64`` where it is no text."""
    message: dict[str, object] = {"headers": dict(frame.headers.items())}
    try:
        message["body"] = frame.body.decode()
    except UnicodeDecodeError:
        message["body_base64"] = base64.b64encode(frame.body).decode()
    return json.dumps(message).encode() + b"\n"


async def _listen(opening: AbstractAsyncContextManager[Link], request: Request) -> None:
    async with opening as link:
        await link.confirm(Command.SUBSCRIBE, request.headers)
        await _until_stopped(_show(link, request))
        await link.leave()


async def _show(link: Link, request: Request) -> None:
    shown = 0
    while not request.most or shown < request.most:
        frame = await link.next()
        sys.stdout.buffer.write(request.show(frame))
        sys.stdout.buffer.flush()
        shown += 1
        if request.acks:
            await link.send(Command.ACK, ack_headers(frame, link.session.version))


def ack_headers(frame: Frame, version: Version) -> dict[str, str]:
    """Name a delivery as ACK of that version does."""
    if FACTS[version].ack_header:
        return {"id": frame.headers["ack"]}
    names = ("message-id", "subscription") if FACTS[version].needs_id else ("message-id",)
    return {name: frame.headers[name] for name in names}


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    """Wait for ``work``, or for SIGINT or SIGTERM, which end it in an orderly way."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    stops = (signal.SIGINT, signal.SIGTERM)
    for stop in stops:
        loop.add_signal_handler(stop, task.cancel)
    try:
        await asyncio.wait([task])
    finally:
        for stop in stops:
            loop.remove_signal_handler(stop)
        task.cancel()
    if not task.cancelled():
        task.result()
