"""What ``hoofbeat serve`` does: a server, announced on standard output and logged on standard error."""

import logging
from collections.abc import Sequence
from pathlib import Path

from hoofbeat.assembly import make_server
from hoofbeat.cli import logs
from hoofbeat.cli.output import note, say
from hoofbeat.cli.patience import patience
from hoofbeat.config import ServerConfig
from hoofbeat.server.runner import run
from hoofbeat.server.server import Server

LABELS = {"stomp": "stomp", "stomps": "tls", "unix": "unix"}
WEBSOCKET = {"http": "ws", "https": "wss"}

logger = logging.getLogger("hoofbeat.cli")


def serve(config: ServerConfig) -> None:
    """Serve until a signal ends it; see :func:`hoofbeat.server.runner.run`."""
    logs.start(config.log_level)
    run(lambda: _make(config), lambda urls: announce(config, urls))


def _make(config: ServerConfig) -> Server:
    with patience(f"recovering what is kept in {config.data}", say=_log) as watch:
        return make_server(config, progress=watch.report)


def _log(text: str) -> None:
    logger.info("= %s", text)


def announce(config: ServerConfig, urls: Sequence[str]) -> None:
    """Print where we can be reached, one address a line, and say if the door is open."""
    for url in urls:
        scheme, _, rest = url.partition(":")
        if scheme in WEBSOCKET:
            if config.pages:
                say("chat", url)
            say("websocket", f"{WEBSOCKET[scheme]}:{rest}stomp")
        else:
            say(LABELS[scheme], rest.removeprefix("//"))
    if config.data:
        say("data", str(Path(config.data).absolute()))
    if not config.users_file and not config.allow_anonymous:
        note("no users are configured: loopback only, and any login is taken at its word")
    elif not config.users_file:
        note("no users are configured: whoever reaches us is let in, any login taken at its word")
