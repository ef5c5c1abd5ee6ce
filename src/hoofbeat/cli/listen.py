"""``hoofbeat listen``: the messages of one destination, as they come."""

from enum import StrEnum
from typing import Annotated

import typer

from hoofbeat.cli import endpoint
from hoofbeat.cli.options import Ca, Header, Login, Passcode, Url, parse_header

SUBSCRIPTION = "1"


class Ack(StrEnum):
    """When a message counts as taken."""

    AUTO = "auto"
    CLIENT = "client"
    CLIENT_INDIVIDUAL = "client-individual"


def listen(
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="Such as /topic/news, /topic/** or /queue/jobs.")
    ],
    ack: Annotated[
        Ack | None,
        typer.Option(
            help="Default: auto; with --count and no browser, client-individual.", show_default=False
        ),
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
    """Show the messages of a destination, until Ctrl-C.

    With `--header browser:true` it shows what waits in a queue, takes nothing of it, and ends.
    """
    from hoofbeat.cli import listening
    from hoofbeat.cli.login import broker_at

    given = dict(map(parse_header, header or ()))
    browses = given.get("browser") not in (None, "", "false")
    mode = ack or (Ack.CLIENT_INDIVIDUAL if count and not browses else Ack.AUTO)
    subscribe = {"id": SUBSCRIPTION, "destination": destination, "ack": mode.value, **given}
    if count and mode is not Ack.AUTO:
        subscribe.setdefault("prefetch-count", str(min(count, 100)))  # leave the rest to others
    show = listening.as_line if as_json else listening.as_frame if headers else listening.as_body
    request = listening.Request(subscribe, mode is not Ack.AUTO, count, browses, show)
    listening.listen(broker_at(url, login, passcode, ca), request)
