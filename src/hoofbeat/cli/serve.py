"""``hoofbeat serve``: the broker and its listeners."""

from typing import Annotated

import typer

from hoofbeat.cli.options import ConfigFile, Set, configure, doc
from hoofbeat.config import LogLevel

Addresses = list[str] | None


def serve(
    config: ConfigFile = None,
    stomp: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("stomp"))] = None,
    http: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("http"))] = None,
    https: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("https"))] = None,
    tls: Annotated[Addresses, typer.Option(metavar="ADDR", help=doc("tls"))] = None,
    unix: Annotated[Addresses, typer.Option(metavar="PATH", help=doc("unix"))] = None,
    certificate: Annotated[str | None, typer.Option(metavar="FILE", help=doc("certificate"))] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help=doc("key"))] = None,
    origins: Annotated[Addresses, typer.Option(metavar="ORIGIN", help=doc("origins"))] = None,
    hosts: Annotated[Addresses, typer.Option(metavar="NAME", help=doc("hosts"))] = None,
    proxies: Annotated[Addresses, typer.Option(metavar="NETWORK", help=doc("proxies"))] = None,
    data: Annotated[str | None, typer.Option(metavar="DIR", help=doc("data"))] = None,
    users_file: Annotated[str | None, typer.Option("--users", metavar="FILE", help=doc("users_file"))] = None,
    allow_anonymous: Annotated[
        bool | None, typer.Option("--allow-anonymous", help=doc("allow_anonymous"))
    ] = None,
    log_level: Annotated[LogLevel | None, typer.Option(help=doc("log_level"), show_default=False)] = None,
    assignments: Set = None,
) -> None:
    """Start the broker; Ctrl-C or SIGTERM drains and stops it."""
    from hoofbeat.cli import serving

    named = {
        "stomp": stomp,
        "http": http,
        "https": https,
        "tls": tls,
        "unix": unix,
        "certificate": certificate,
        "key": key,
        "origins": origins,
        "hosts": hosts,
        "proxies": proxies,
        "data": data,
        "users_file": users_file,
        "allow_anonymous": allow_anonymous,
        "log_level": log_level,
    }
    serving.serve(configure(config, assignments, named).config)
