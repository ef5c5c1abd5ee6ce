"""What ``hoofbeat listen`` does: messages are shown as they come, and acknowledged once they were."""

import asyncio
import base64
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from hoofbeat.cli.link import Link, open_link
from hoofbeat.cli.login import Broker
from hoofbeat.cli.output import on_one_line, printable
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.versions import FACTS, Version


class Request(NamedTuple):
    """What to listen to.

    Attributes:
        headers: of SUBSCRIBE.
        acks: whether every message is acknowledged once it was shown.
        most: messages, then it is over; 0 for no end.
        browses: it takes nothing, and is over when it was shown what there was.
        show: writes one message.
    """

    headers: Mapping[str, str]
    acks: bool
    most: int
    browses: bool
    show: Callable[[Frame], bytes]


def listen(broker: Broker, request: Request) -> None:
    """Show messages until there were enough of them, or a signal comes.

    Raises:
        LinkError: the broker can't be reached, or refuses.
        ConfigError: its certificates can't be read.
    """
    asyncio.run(_listen(open_link(*broker), request))


def as_body(frame: Frame) -> bytes:
    """Write the body alone; on a terminal, what it might obey is escaped."""
    if sys.stdout.isatty():
        return printable(frame.body.decode(errors="backslashreplace")).encode() + b"\n"
    return frame.body + b"\n"


def as_frame(frame: Frame) -> bytes:
    """Write headers, an empty line, the body and an empty line."""
    lines = [f"{on_one_line(name)}: {on_one_line(value)}\n" for name, value in frame.headers.items()]
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
        if request.browses and frame.headers.get("browser") == "end":
            return
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
