"""``hoofbeat bench``: what it can be asked."""

from typing import Annotated

import typer

from hoofbeat.cli import endpoint
from hoofbeat.cli.bench.plan import LEAST_SIZE, MOST_SIZE, Kind, Pace, Plan, kind_of, receipts_of
from hoofbeat.cli.listen import Ack
from hoofbeat.cli.options import Ca, Login, Passcode, parse_header

Destination = Annotated[
    str,
    typer.Option(
        "--destination", "-d", metavar="DEST", help="A %d in it stands for the number of each pair."
    ),
]
Who = Annotated[
    Kind | None,
    typer.Option("--kind", help="Who gets a message: every subscriber, or one. Default: as DEST is called."),
]
Publishers = Annotated[int, typer.Option(min=1, metavar="N", help="Connections that send.")]
Subscribers = Annotated[
    int, typer.Option(min=0, metavar="N", help="Connections that listen; with 0, receipts are measured.")
]
Count = Annotated[int, typer.Option(min=0, metavar="N", help="Stop after so many messages.")]
Seconds = Annotated[
    float | None,
    typer.Option(min=0, metavar="S", help="Stop after so long. Default: 10; with --count, no end."),
]
WarmUp = Annotated[
    float, typer.Option(min=0, metavar="S", help="Seconds at the start that are not measured.")
]
Size = Annotated[
    int, typer.Option(min=LEAST_SIZE, max=MOST_SIZE, metavar="BYTES", help="Of a message's body.")
]
Rate = Annotated[
    float, typer.Option(min=0, metavar="N", help="Messages a second in all; 0: as many as are taken.")
]
Window = Annotated[
    int, typer.Option(min=1, metavar="N", help="Without --rate: messages under way at one time.")
]
How = Annotated[Ack, typer.Option("--ack", help="How messages are acknowledged.")]
ReceiptsEvery = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Ask for a receipt with every Nth message.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header", "-H", metavar="NAME:VALUE", help="A header of SEND and SUBSCRIBE; may be repeated."
    ),
]
Url = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="HOOFBEAT_URL",
        help="Broker: stomp://host:port, stomp+ssl://host:port, ws://host:port/path, wss://… or unix:path.",
    ),
]
Host = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Virtual host, where it is not the host's name: RabbitMQ's is /."),
]


def bench(
    destination: Destination = "/queue/hoofbeat-bench",
    who: Who = None,
    publishers: Publishers = 1,
    subscribers: Subscribers = 1,
    count: Count = 0,
    seconds: Seconds = None,
    warm_up: WarmUp = 1.0,
    size: Size = 128,
    rate: Rate = 0.0,
    window: Window = 1000,
    ack: How = Ack.AUTO,
    receipts_every: ReceiptsEvery = None,
    as_json: AsJson = False,
    header: Header = None,
    url: Url = endpoint.DEFAULT,
    host: Host = None,
    login: Login = None,
    passcode: Passcode = None,
    ca: Ca = "",
) -> None:
    """Put a load on any STOMP broker: how much it takes, how fast, and whether all of it comes."""
    from hoofbeat.cli.bench import benching
    from hoofbeat.cli.bench.line import target_at

    if seconds is None:
        seconds = 0.0 if count else 10.0
    plan = Plan(
        destination=destination,
        kind=who or kind_of(destination),
        publishers=publishers,
        subscribers=subscribers,
        size=size,
        ack=ack,
        receipts_every=receipts_of(receipts_every, publishers, subscribers, window),
        headers=dict(map(parse_header, header or ())),
        pace=Pace(count, seconds, warm_up, rate, window),
    )
    benching.bench(plan, target_at(url, host, login, passcode, ca), as_json=as_json)
