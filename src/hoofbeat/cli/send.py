"""``hoofbeat send``: one message to one destination."""

import sys
from typing import Annotated

import typer

from hoofbeat.cli import endpoint
from hoofbeat.cli.options import Ca, Header, Login, Passcode, Url, parse_header


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
    from hoofbeat.cli import sending
    from hoofbeat.cli.login import broker_at

    headers = {"destination": destination, **dict(map(parse_header, header or ()))}
    content = sys.stdin.buffer.read() if body == "-" else body.encode()
    receipt_id = sending.send(broker_at(url, login, passcode, ca), headers, content, receipt=receipt)
    if receipt_id:
        print(f"receipt {receipt_id}")
