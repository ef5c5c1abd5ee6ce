"""``hoofbeat config``: the configuration in force, checked or shown."""

from pathlib import Path
from typing import Annotated

import typer

from hoofbeat.cli import toml
from hoofbeat.cli.options import ConfigFile, Set, configure
from hoofbeat.config import ServerConfig
from hoofbeat.errors import ConfigError


def config(
    check: Annotated[bool, typer.Option("--check", help="Say whether it can be used.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Write it as TOML, with where each value came from.")
    ] = False,
    file: ConfigFile = None,
    assignments: Set = None,
) -> None:
    """Check or show the configuration.

    That is file, environment and options together; what comes later in this order wins.
    """
    if check == show:
        raise ConfigError("say what to do: --check or --show")
    settings = configure(file, assignments)
    if show:
        print(toml.write(settings), end="")
        return
    check_files(settings.config)
    print(f"{file or 'the configuration'} can be used")


def check_files(config: ServerConfig) -> None:
    """Read what the configuration names, and every pattern in it.

    Raises:
        ConfigError: a file or a pattern can't be used.
    """
    from hoofbeat.engines.local.policies import Policies
    from hoofbeat.server import users
    from hoofbeat.server.rules import Rules
    from hoofbeat.transports.tls_codec import tls_context

    Rules(config.access)
    Policies(config.broker)
    if config.users_file:
        users.read(Path(config.users_file))
    if config.certificate:
        tls_context(config.certificate, config.key)
