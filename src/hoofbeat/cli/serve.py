"""``hoofbeat serve``: the broker and its listeners."""

from collections.abc import Sequence
from typing import Annotated

import typer

from hoofbeat.assembly import make_server
from hoofbeat.cli.options import ConfigFile, Set, configure, doc
from hoofbeat.cli.output import note, say
from hoofbeat.config import ServerConfig
from hoofbeat.server.runner import run

Addresses = list[str] | None
LABELS = {"stomp": "stomp", "stomps": "tls", "unix": "unix"}


def serve(
    config: ConfigFile = None,
    stomp: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("stomp"))] = None,
    http: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("http"))] = None,
    tls: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("tls"))] = None,
    unix: Annotated[Addresses, typer.Option(metavar="PATH", help=doc("unix"))] = None,
    certificate: Annotated[str | None, typer.Option(metavar="FILE", help=doc("certificate"))] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help=doc("key"))] = None,
    origins: Annotated[Addresses, typer.Option(metavar="ORIGIN", help=doc("origins"))] = None,
    hosts: Annotated[Addresses, typer.Option(metavar="NAME", help=doc("hosts"))] = None,
    users_file: Annotated[str | None, typer.Option("--users", metavar="FILE", help=doc("users_file"))] = None,
    allow_anonymous: Annotated[
        bool | None, typer.Option("--allow-anonymous", help=doc("allow_anonymous"))
    ] = None,
    assignments: Set = None,
) -> None:
    """Start the broker; Ctrl-C or SIGTERM drains and stops it."""
    named = {
        "stomp": stomp,
        "http": http,
        "tls": tls,
        "unix": unix,
        "certificate": certificate,
        "key": key,
        "origins": origins,
        "hosts": hosts,
        "users_file": users_file,
        "allow_anonymous": allow_anonymous,
    }
    settings = configure(config, assignments, named).config
    run(lambda: make_server(settings), lambda urls: announce(settings, urls))


def announce(config: ServerConfig, urls: Sequence[str]) -> None:
    """Print where we can be reached, one address a line, and say if the door is open."""
    for url in urls:
        scheme, _, rest = url.partition(":")
        if scheme == "http":
            if config.pages:
                say("chat", url)
            say("websocket", f"ws:{rest}stomp")
        else:
            say(LABELS[scheme], rest.removeprefix("//"))
    if not config.users_file and not config.allow_anonymous:
        note("no users are configured: loopback only, and any login is taken at its word")
    elif not config.users_file:
        note("no users are configured: whoever reaches us is let in, any login taken at its word")
