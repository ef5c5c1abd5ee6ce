"""Options that several commands have; what they mean is said where the setting is defined."""

import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hoofbeat.cli import schema
from hoofbeat.cli.settings import Given, Settings, load, option
from hoofbeat.config import ServerConfig
from hoofbeat.errors import ConfigError

_DOCS = schema.docs_of(ServerConfig)
_DEFAULTS = schema.defaults_of(ServerConfig)


def doc(setting: str) -> str:
    """Return what the configuration says of a setting, with its default."""
    text = _DOCS[setting].replace("``", "")
    text = text[:1].upper() + text[1:]
    default = _DEFAULTS[setting]
    if isinstance(default, tuple) and default:
        text = f"{text} Default: {' '.join(map(str, default))}."
    elif isinstance(default, StrEnum):
        text = f"{text} Default: {default}."
    return text


ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", envvar="HOOFBEAT_CONFIG", help="Configuration file, in TOML.", metavar="FILE"),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Any setting, such as broker.queue.prefetch=10; may be repeated.", metavar="KEY=VALUE"
    ),
]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="HOOFBEAT_URL",
        help="Broker: stomp://host:port, stomp+ssl://host:port or unix:path.",
    ),
]
Login = Annotated[
    str | None, typer.Option("--login", metavar="NAME", envvar="HOOFBEAT_LOGIN", help="User name.")
]
Passcode = Annotated[
    str | None,
    typer.Option(
        "--passcode",
        metavar="PASSWORD",
        envvar="HOOFBEAT_PASSCODE",
        help="Password; other users of the machine can read it here, not in the variable.",
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header of the frame; may be repeated."),
]
Ca = Annotated[
    str, typer.Option("--ca", metavar="FILE", help="Certificates to trust, in place of the machine's own.")
]


def configure(
    file: Path | None, assignments: Iterable[str] | None, named: Mapping[str, object] | None = None
) -> Settings:
    """Load the configuration as a command was asked to.

    Args:
        file: of ``--config``.
        assignments: of ``--set``.
        named: values of the options that stand for a setting at the top, by its name; None and
            an empty list were not given.

    Raises:
        ConfigError: see :func:`load`.
    """
    options = [option(assignment) for assignment in assignments or ()]
    for name, value in (named or {}).items():
        if value is None or value == []:
            continue
        if isinstance(value, list):
            value = [entry for entry in value if entry]  # --http "" turns it off
        flag = "--users" if name == "users_file" else "--" + name.replace("_", "-")
        options.append(((name,), Given(value, flag)))
    return load(file, os.environ, options)


def parse_header(text: str) -> tuple[str, str]:
    """Read ``name:value``; the value as it is, but for spaces before it.

    Raises:
        ConfigError: there is no name, or no colon.
    """
    name, colon, value = text.partition(":")
    if not colon or not name:
        raise ConfigError(f"--header {text!r} is not NAME:VALUE")
    return name, value.lstrip(" ")
